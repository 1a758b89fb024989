import pytest

from pfa_gitops.emulator.failure import last_words

TRACEBACK = """Deploying app 'default' failed with exception:
Traceback (most recent call last):
  File "/a/b.py", line 3, in load
    return importlib.import_module("no_such_module")
ModuleNotFoundError: No module named 'no_such_module'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/a/c.py", line 9, in build
    raise DeploymentError("x")
ray.serve.exceptions.DeploymentError: The app cannot be built
  note of somebody

"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRACEBACK, "ray.serve.exceptions.DeploymentError: The app cannot be built"),
        ("one\n\n  The node is full.  \n\n", "The node is full."),
        ("ValueError: no\nThe worker goes on\n", "ValueError: no"),
        ("x" * 900, "x" * 500),
        ("\n \n", ""),
    ],
)
def test_the_line_that_says_what_went_wrong(text, said):
    assert last_words(text) == said
