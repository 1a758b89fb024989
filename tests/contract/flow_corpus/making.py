# ruff: noqa - written as people write flows, odd ways included
"""Every way to make a flow."""

import functools

import prefect
import prefect as p
from prefect import flow, task
from prefect.flows import Flow, flow as other_flow

TEAM = "data"


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@flow
def bare(a: int, b: str = "x"):
    """Bare decorator."""


@flow()
def called(a: int = 1):
    pass


@flow(name="Named flow", log_prints=True, retries=2)
def named(a: int, day_of_week: str = "mon"):
    pass


@flow(name=f"{TEAM}-loader", description="Said in the decorator.")
def formatted(a: int):
    """Said in the docstring."""


@prefect.flow
def by_module(a: float):
    pass


@p.flow(version="3", flow_run_name="run-{a}")
def by_alias(a: bool = True):
    pass


@other_flow
def by_other_name(a: list):
    pass


@flow
async def asynchronous(a: int, *, b: int = 2) -> int:
    """Runs in an event loop."""
    return a + b


@flow
def generator(n: int = 3):
    yield from range(n)


def plain_first(x: int, y: str = "z"):
    """A function that becomes a flow."""


wrapped = flow(plain_first)
wrapped_named = flow(plain_first, name="wrapped")
wrapped_called = flow(name="called", description="Given.")(plain_first)
optioned = bare.with_options(name="optioned", retries=3)
optioned_twice = optioned.with_options(description="Twice.")
made_with_class = Flow(plain_first, name="by class")
annotated_name: Flow = flow(plain_first, name="annotated")


@traced
def traced_first(a: int, b: str = "x"):
    """Traced."""


flow_of_traced = flow(traced_first)


@flow
@traced
def traced_inside(a: int, b: int = 2):
    """Traced inside."""


@flow(task_runner=None, persist_result=False, validate_parameters=False, timeout_seconds=5)
def with_much(a: dict[str, int], b: tuple[int, str] = (1, "x")):
    pass


@task
def some_task(a: int):
    pass


class Outer:
    """Flows of a class."""

    @flow
    def run(self, a: int, b: str = "x"):
        """An instance's."""

    @staticmethod
    @flow
    def fixed(a: int):
        """A static one."""

    @classmethod
    @flow
    def of_class(cls, a: int = 3):
        """A class's."""

    @flow
    @staticmethod
    def flow_over_static(a: int, b: int = 1):
        """The flow is outside."""

    @flow
    @classmethod
    def flow_over_class(cls, a: int, b: int = 1):
        """The flow is outside."""

    @flow(name="Async method")
    async def later(self, *, when: float = 0.5):
        pass

    @flow
    def odd_self(this, a: int):
        pass

    class Inner:
        @flow
        def deep(self, a: int):
            pass


outer = Outer()
bound = outer.run
from_method = flow(Outer.fixed.fn, name="from method")
