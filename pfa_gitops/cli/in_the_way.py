"""Which files a command may write: none that it uses otherwise, and over nothing but what such a command wrote.

Reads only.
"""

from collections.abc import Sequence
from pathlib import Path

from pfa_gitops.model.errors import ReaderError

HEAD_BYTES = 2_000
"""So far from its beginning a file tells what it is."""


def check_own(file: Path, signs: Sequence[str], mend: str) -> None:
    """Raise ReaderError where a file has something in it, and none of the `signs` of what is written there."""
    if not file.is_file() or not file.stat().st_size:
        return
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES).decode("utf-8", "replace")
    if not any(sign in head for sign in signs):
        raise ReaderError(f"{file} exists, and is nothing that this command writes", mend)


def check_apart(files: Sequence[Path]) -> None:
    """Raise ReaderError where two of these are one file."""
    places = [file.resolve() for file in files]
    for file, place in zip(files, places, strict=True):
        if places.count(place) > 1:
            raise ReaderError(f"{file} is named twice", "give each file a name of its own")
