"""Text to Manifests: load, render, parse, overlay, validate, link. Never names a platform."""
