"""Words an error that nobody expected: a defect of ours. Pure."""

import traceback
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
REPORT = "please report it"


def defect(error: BaseException) -> str:
    """Its type and the innermost place of ours. Its text is never told, as it could hold a secret."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    place = f" at {Path(ours[-1].filename).relative_to(PACKAGE.parent)}:{ours[-1].lineno}" if ours else ""
    return f"a defect of pfa-gitops: {type(error).__name__}{place}"
