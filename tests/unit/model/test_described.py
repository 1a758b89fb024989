"""The docstrings below the fields of a model."""

from pydantic import BaseModel, Field, create_model

from pfa_gitops.model.described import descriptions


class Pool(BaseModel):
    """A pool."""

    name: str
    """What it is called."""
    limit: int = Field(default=1, alias="maximum")
    """How many runs at once.

    Null means no limit.
    """
    plain: bool = False

    def shown(self) -> str:
        """No field."""
        return self.name


class Queue(Pool):
    """A queue."""

    limit: int = 2
    """Of the queue alone."""
    priority: int = 1
    """The lowest comes first."""


def test_each_field_that_has_one():
    assert descriptions(Pool) == {
        "name": "What it is called.",
        "limit": "How many runs at once.\n\nNull means no limit.",
    }


def test_a_base_speaks_for_its_fields_unless_they_are_declared_anew():
    assert descriptions(Queue) == {
        "name": "What it is called.",
        "limit": "Of the queue alone.",
        "priority": "The lowest comes first.",
    }


def test_a_model_without_source_says_nothing():
    assert descriptions(create_model("Made", number=(int, 1))) == {}
