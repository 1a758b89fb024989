"""Every text that a value holds, quickly: whole projects are looked through for secrets. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from pfa_gitops.model.values import Spec


def texts(values: Iterable[Any]) -> set[str]:
    """The texts and keys at any depth; of a spec, of what is set.

    A mapping that several share, as deployments of one flow share its schema, is looked through once.
    """
    found, seen = set[str](), set[int]()
    pending = list(values)
    while pending:
        item = pending.pop()
        if isinstance(item, str):  # the most frequent first, and last what takes longest to ask for
            found.add(item)
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, dict | Mapping):
            if id(item) not in seen:
                seen.add(id(item))
                pending.extend(item)
                pending.extend(item.values())
        elif isinstance(item, Spec):
            held = item.__dict__
            pending.extend(held[name] for name in item.model_fields_set if name in held)
    return found
