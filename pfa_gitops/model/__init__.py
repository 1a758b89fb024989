"""The values that pass between the steps. Standard library and pydantic only; no I/O, no logging."""
