# ruff: noqa - written as people write flows, odd ways included
"""What docstrings say of parameters."""

from typing import Optional

from prefect import flow
from pydantic import Field


@flow
def google(a: int, b: str = "x", *, c: Optional[int] = None):
    """Load.

    Longer text.

    Args:
        a: How many.
        b (str): Which one,
            in two lines.
        c (int, optional): Maybe: this one.

    Returns:
        int: Nothing.

    Raises:
        ValueError: Never.
    """


@flow
def google_types(a, b=1):
    """Load.

    Args:
        a (int): How many.
        b (list[int], optional): Some. Defaults to 1.
    """


@flow
def google_stars(a: int, *args, **kwargs):
    """Load.

    Args:
        a: One.
        *args: Others.
        **kwargs: Named others.
    """


@flow
def google_keyword_arguments(a: int, *, b: int = 1):
    """Load.

    Args:
        a: One.

    Keyword Args:
        b: Two.
    """


@flow
def google_other_parameters(a: int, b: int = 1):
    """Load.

    Parameters:
        a: One.

    Other Parameters:
        b: Two.
    """


@flow
def numpy(a: int, b: str = "x"):
    """Load.

    Parameters
    ----------
    a : int
        How many.
    b : str, optional
        Which one.

    Returns
    -------
    int
    """


@flow
def sphinx(a: int, b: str = "x"):
    """Load.

    :param a: How many.
    :param str b: Which one.
    :type a: int
    :returns: nothing
    """


@flow
def epytext(a: int):
    """Load.

    @param a: How many.
    """


@flow
def one_line(a: int):
    "Only one line."


@flow
def raw(a: str):
    r"""Load \d+.

    Args:
        a: A pattern, e.g. `\d+`.
    """


@flow
def tabs(a: int, b: int = 1):
    """Load.

    Args:
            a: One.
            b: Two.
    """


@flow
def code_block(a: int):
    """Load.

    ```
    Args:
        a: In code.
    ```
    """


@flow
def example_section(a: int, b: int = 1):
    """Load.

    Example:
        Args:
            a: In an example.

    Args:
        a: One.
        unknown: Not there.
        b: Two
          deeper.

    Note:
        Something.
    """


@flow
def only_args(a: int):
    """
    Args:
        a: One.
    """


@flow
def lists(a: int, b: int = 1):
    """Load.

    Args:
        a: One of
            - this
            - that

        b: Two.
    """


@flow
def no_colon(a: int, b: int = 1):
    """Load.

    Args:
        a One.
        b: Two.
    """


@flow
def empty_section(a: int):
    """Load.

    Args:

    Returns:
        Nothing.
    """


@flow
def titled(a: int):
    """Load.

    Args: What it takes
        a: One.
    """


@flow
def field_wins(a: int = Field(1, description="From the field."), b: int = Field(2)):
    """Load.

    Args:
        a: From the docstring.
        b: From the docstring.
    """


@flow
def unicode_text(größe: int, b: str = "ü"):
    """Lädt.

    Args:
        größe: Wie groß – etwa.
        b: Zeichen „ü“.
    """


@flow(description="")
def empty_description(a: int = 1):
    """Not said."""


@flow
def computed_docstring(a: int = 1):
    f"""No docstring {1}."""


@flow
def no_docstring(a: int = 1):
    return a
