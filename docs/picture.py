"""Draws docs/plan.svg from what a command printed on a terminal.

`script -qc 'pfa-gitops plan' /dev/null | python docs/picture.py`
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 96


def main() -> None:
    """Read ANSI text from standard input and write the picture."""
    text = sys.stdin.read().replace("\r", "").strip("\n")
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ pfa-gitops plan", style="bold"))
    console.print(Text.from_ansi(text))
    svg = console.export_svg(title="pfa-gitops plan", font_aspect_ratio=0.61)
    svg = re.sub(r"@font-face\s*{.*?}", "", svg, flags=re.DOTALL)  # the reader's own monospace font will do
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("plan.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


if __name__ == "__main__":
    main()
