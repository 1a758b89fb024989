"""Which numbers a plan, a request and a manifest can carry. Pure."""

import math

MAX_BITS = 10_000
"""Of a whole number. Python itself refuses to write or read one of more than 4,300 digits, some 14,000 bits."""


def fits_json(value: object) -> bool:
    """False for a number that JSON cannot carry: infinite, no number, or too long."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or value.bit_length() <= MAX_BITS
