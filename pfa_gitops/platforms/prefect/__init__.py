"""Prefect: the thin HTTP client, and the kinds that live there."""
