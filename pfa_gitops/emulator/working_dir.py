"""From the URI of a working directory (or Python module) to a folder on this disk.

Known: our bucket's ``s3://`` URIs, ``http(s)://`` zips, and ``file://``, ``local://`` or plain paths, which are used
where they lie. Anything else is an error that ends the job.
"""

import tempfile
import urllib.request
import zipfile
from pathlib import Path

from pfa_gitops.emulator.uploads import stored_file

_TIMEOUT_S = 60
_EXECUTABLE_BITS = 16


class UnknownSource(Exception):
    """A URI that the emulator cannot turn into a folder."""


def place(uri: str | None, bucket: Path, target: Path) -> Path:
    """The folder to run in; a zip is unpacked into ``target``, its single top folder is what counts."""
    target.mkdir(parents=True, exist_ok=True)
    if uri is None:
        return target
    here = local_path(uri)
    if here is not None:
        if not here.is_dir():
            raise UnknownSource(f"there is no folder {here}")
        return here
    unpack(package(uri, bucket, target.parent), target)
    return single_folder(target)


def local_path(uri: str) -> Path | None:
    """The path that a ``file://``, ``local://`` or plain URI names; None for any other."""
    for scheme in ("file://", "local://"):
        if uri.startswith(scheme):
            return Path(uri.removeprefix(scheme))
    return None if "://" in uri else Path(uri)


def package(uri: str, bucket: Path, folder: Path) -> Path:
    """The zip file behind a URI; a remote one is downloaded into ``folder``."""
    stored = stored_file(bucket, uri)
    if stored is not None:
        if not stored.is_file():
            raise UnknownSource(f"{uri} was never uploaded")
        return stored
    if uri.startswith(("http://", "https://")):
        return _download(uri, folder)
    raise UnknownSource(f"the emulator cannot read {uri}")


def unpack(archive: Path, target: Path) -> None:
    """Unzip, keeping permissions (zipfile itself drops them)."""
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            path = Path(opened.extract(member, target))
            mode = member.external_attr >> _EXECUTABLE_BITS
            if mode and not member.is_dir():
                path.chmod(mode & 0o777)


def single_folder(target: Path) -> Path:
    """The only folder in a folder, or the folder itself: packages are zipped with their top folder."""
    entries = list(target.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else target


def _download(uri: str, folder: Path) -> Path:
    with (
        urllib.request.urlopen(uri, timeout=_TIMEOUT_S) as answer,  # noqa: S310 - only http and https come here
        tempfile.NamedTemporaryFile(dir=folder, suffix=".zip", delete=False) as target,
    ):
        while chunk := answer.read(1 << 20):
            target.write(chunk)
        return Path(target.name)
