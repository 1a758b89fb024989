"""How many examples a property is tried on: the same few in CI, many others in the slow suite.

No example is kept in a file: a failure prints what reproduces it.
"""

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

# Servers are slow, and they are the same for all examples.
_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


def register_profiles(folder: Path) -> None:
    """Make the profiles `ci`, which counts, and `slow`. What Hypothesis learns of this machine goes to `folder`."""
    set_hypothesis_home_dir(folder)
    ci = settings(
        database=None,
        deadline=None,
        derandomize=True,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=_FINE,
    )
    settings.register_profile("ci", ci)
    settings.register_profile("slow", ci, derandomize=False)
    settings.load_profile("ci")


def few(examples: int) -> settings:
    """The same examples each time: what CI says today it says tomorrow."""
    return settings(settings.get_profile("ci"), max_examples=examples)


def many(examples: int) -> settings:
    """Other examples each time."""
    return settings(settings.get_profile("slow"), max_examples=examples)
