"""Text that files, requests and screens can carry. Pure."""


def is_utf8(text: str) -> bool:
    """False where it holds half a character: so Python reads an environment variable's bytes that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
