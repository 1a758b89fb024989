"""Manifests and Live to a Plan, a Plan to Outcomes. Never names a platform."""
