"""The environment variables that a project's files name as secrets, also where the files are wrong. Reads only.

Files that are wrong have no references, but texts: this is for what is said of them.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pfa_gitops.manifests.allowance import Allowance
from pfa_gitops.manifests.load import read_text
from pfa_gitops.model.errors import ProblemsFound

_FROM_ENV = re.compile(r"""from_env["']?\s*:\s*(?:[>|][-+]?\s+)?["']?([A-Za-z_]\w*)""")


def named_variables(root: Path, files: Iterable[Path]) -> Iterator[str]:
    """What stands behind `from_env:` in these files below `root`."""
    allowance = Allowance()
    for file in files:
        try:
            text = read_text(root, file, allowance)
        except ProblemsFound:  # more than is ever read of a project
            return
        if isinstance(text, str):
            yield from _FROM_ENV.findall(text)
