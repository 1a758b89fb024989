"""Everything that a value holds, quickly: whole projects are looked through for secrets. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pfa_gitops.model.secrets import SecretRef
from pfa_gitops.model.values import Spec


def leaves(values: Iterable[Any]) -> Iterator[Any]:
    """Texts, keys, numbers and references at any depth, in no order; of a spec, what is set.

    A mapping that several share, as deployments of one flow share its schema, is looked through once.
    """
    pending, seen = list(values), set[int]()
    while pending:
        item = pending.pop()
        if isinstance(item, str | SecretRef):
            yield item
        elif isinstance(item, Spec):
            held = item.__dict__
            pending.extend(held[name] for name in item.model_fields_set if name in held)
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, dict | Mapping):
            if id(item) not in seen:
                seen.add(id(item))
                pending.extend(item)
                pending.extend(item.values())
        elif item is not None:
            yield item


def secret_refs(values: Iterable[Any]) -> set[SecretRef]:
    """The references to secrets, wherever they stand."""
    return {leaf for leaf in leaves(values) if isinstance(leaf, SecretRef)}
