"""Anyscale: the thin HTTP reader, the SDK for writes, and the kinds that live there."""
