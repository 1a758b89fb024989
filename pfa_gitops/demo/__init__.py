"""The demo: the quickstart from nothing to a completed flow run, by the commands that people type."""
