"""The quickstart's files: where they are, a copy to work on, and the one change that the demo makes."""

import shutil
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from pfa_gitops.model.errors import ReaderError

CHANGED_FILE = "manifests/deployment.yaml"
BEFORE, AFTER = "highest_number: 10", "highest_number: 12"
LAST_LINE = "counted to 10"
"""What the flow itself says at its end, before the change. Its tasks speak from Ray's workers, and may be late."""
_PACKAGE = Path(__file__).parent.parent
# In an installed package, and in a checkout.
_PLACES = (_PACKAGE / "examples" / "quickstart", _PACKAGE.parent / "examples" / "quickstart")
_LEFT_OUT = shutil.ignore_patterns(".pfa-gitops", "__pycache__", ".venv")


def require_empty(folder: Path, beside: Sequence[str] = ()) -> None:
    """Raise ReaderError where something is there already: it is not ours to change or to remove.

    `beside` are patterns of names that may be there.
    """
    there = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    in_the_way = [name for name in there if not any(fnmatch(name, pattern) for pattern in beside)]
    if in_the_way:
        more = f" and {len(in_the_way) - 1} more" if len(in_the_way) > 1 else ""
        mend = "give a folder that is empty or does not exist, e.g. `deploy`"
        raise ReaderError(f"{folder} is not empty: it has {in_the_way[0]!r}{more}", mend)


def copy(folder: Path) -> None:
    """Copy the quickstart into `folder`, which is empty."""
    source = next((place for place in _PLACES if place.is_dir()), None)
    if source is None:
        raise ReaderError("the quickstart's files are missing from this installation", "install pfa-gitops again")
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=_LEFT_OUT)


def change(folder: Path) -> None:
    """Make the one change, as somebody would in an editor."""
    file = folder / CHANGED_FILE
    file.write_text(file.read_text().replace(BEFORE, AFTER))
