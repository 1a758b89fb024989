"""What `validate` found as JUnit XML, which CI systems show beside their tests. Pure.

Each manifest file is a test case; one with problems has one failure that tells all of them, since most readers of such
files know no second one.
"""

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Sequence

from pfa_gitops.model.errors import Problem
from pfa_gitops.views.problems import show_problem, sorted_problems
from pfa_gitops.views.values import defused, printable, printable_lines

SUITE = "pfa-gitops validate"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NOWHERE = "project"
"""The test case of problems that stand in no file."""


def junit(files: Sequence[str], problems: Sequence[Problem], notices: Sequence[str] = ()) -> str:
    """Return the report: `files` were read, and these problems were found in them or in others."""
    by_file: dict[str, list[Problem]] = defaultdict(list)
    for problem in sorted_problems(problems):
        by_file[problem.origin.file if problem.origin else NOWHERE].append(problem)
    cases = sorted({*files, *by_file})
    counts = {"tests": str(len(cases)), "failures": str(len(by_file)), "errors": "0", "skipped": "0", "time": "0"}
    suites = ET.Element("testsuites", {"name": SUITE, **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": SUITE, **counts})
    for file in cases:
        _case(suite, file, by_file.get(file, []))
    if notices:
        ET.SubElement(suite, "system-out").text = "\n".join(f"note: {printable(notice)}" for notice in notices)
    ET.indent(suites)
    return defused(f"{HEAD}\n{ET.tostring(suites, encoding='unicode')}")


def _case(suite: ET.Element, file: str, problems: Sequence[Problem]) -> None:
    place = {} if file == NOWHERE else {"file": printable(file)}
    case = ET.SubElement(suite, "testcase", {"name": printable(file), "classname": SUITE, **place, "time": "0"})
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        line = f"{printable(str(first.origin))}: " if first.origin else ""
        message = f"{line}{printable_lines(first.message)}{more}"
        failure = ET.SubElement(case, "failure", {"type": "problem", "message": message})
        failure.text = "\n".join(show_problem(problem, colour=False) for problem in problems)
