"""An automation's spec and what the API says of it. Pure.

The names and ids of what it refers to were read before; here they are put in.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from pfa_gitops.model.plain import plain
from pfa_gitops.model.values import Spec
from pfa_gitops.platforms.prefect._automation_actions import STEPS
from pfa_gitops.platforms.prefect._automation_names import IdsByName, NamesById
from pfa_gitops.platforms.prefect._automation_resources import (
    SORTS,
    Named,
    Resource,
    items_of,
    labelled,
    named,
    named_in,
    written,
)
from pfa_gitops.platforms.prefect._automation_spec import AutomationSpec
from pfa_gitops.platforms.prefect._automation_triggers import TRIGGERS

Body = dict[str, Any]
Item = Mapping[str, Any]

STEP_LISTS = ("actions", "actions_on_trigger", "actions_on_resolve")
MAYBE_EMPTY = ("parameters", "job_variables")
"""Null, where they say nothing: the server holds an empty mapping against the pool's template."""


def to_wire(spec: AutomationSpec, name: str, ids: IdsByName) -> Body:
    """The whole automation, as PUT and POST take it."""
    body: Body = _to_wire(spec, ids)
    return body | {"name": name}


def _to_wire(value: Any, ids: IdsByName) -> Any:
    if isinstance(value, Resource):
        [resource] = named_in(value)
        return f"{SORTS[resource.sort].prefix}.{ids[resource]}"
    if isinstance(value, Spec):
        return dict(_fields_to_wire(value, ids))
    if isinstance(value, Mapping):
        return {key: _to_wire(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_wire(item, ids) for item in value]
    return value


def _fields_to_wire(spec: Spec, ids: IdsByName) -> Iterator[tuple[str, Any]]:
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if name in SORTS:
            yield SORTS[name].id_field, None if value is None else ids[named(name, value)]
        else:
            yield name, _fitting(name, _to_wire(value, ids))


def _fitting(name: str, value: Any) -> Any:
    """Of related resources one is no list, which older servers do not know."""
    if name == "match_related" and len(value) <= 1:
        return value[0] if value else {}
    return value or None if name in MAYBE_EMPTY else value


def ids_in(value: Any) -> Iterator[Named]:
    """Every resource that an automation of the API, or a part of it, names by its id."""
    if isinstance(value, Mapping):
        yield from _ids_of(value)
    if (found := labelled(value)) is not None:
        yield found
    for item in items_of(value):
        yield from ids_in(item)


def _ids_of(item: Item) -> Iterator[Named]:
    """What an action names by its own fields."""
    for sort, (id_field, _) in SORTS.items():
        if item.get(id_field):
            yield Named(sort, item[id_field])


def from_wire(item: Item, wanted: AutomationSpec, names: NamesById) -> AutomationSpec:
    """The automation in the manifest's terms: by names, but for ids that the manifest itself writes out."""
    kept = set(_texts(plain(wanted.trigger)))
    fields: dict[str, Any] = {
        "name": item["name"],
        "description": item.get("description") or "",
        "enabled": item["enabled"],
        "tags": item.get("tags") or [],
        "trigger": _trigger(item["trigger"], names, kept),
    }
    fields |= {field: [_step(step, names) for step in item.get(field) or []] for field in STEP_LISTS}
    return AutomationSpec.model_construct(**fields)


def _trigger(item: Item, names: NamesById, kept: set[str]) -> Any:
    fields = dict(item)
    if "triggers" in item:
        fields["triggers"] = [_trigger(part, names, kept) for part in item["triggers"]]
    for name in ("match", "match_related"):
        if name in item:
            fields[name] = _labels(item[name], names, kept)
    return _spec(TRIGGERS, fields) or item


def _labels(value: Any, names: NamesById, kept: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _labels(item, names, kept) for key, item in value.items()}
    if isinstance(value, list):
        return [_labels(item, names, kept) for item in value]
    resource = None if value in kept else labelled(value)
    return value if resource is None or resource not in names else _named(resource, names)


def _named(resource: Named, names: NamesById) -> dict[str, Any]:
    return {resource.sort: written(resource.sort, names[resource])}


def _step(item: Item, names: NamesById) -> Any:
    """With what is gone, it stays as the API tells it: no name says what it meant."""
    resources = list(_ids_of(item))
    if not all(resource in names for resource in resources):
        return item
    fields = dict(item)
    for resource in resources:
        fields |= _named(resource, names)
    return _spec(STEPS, fields) or item


def _spec(known: Mapping[str, type[Spec]], fields: Body) -> Spec | None:
    """The spec of a trigger or an action; None for what no manifest can say, which then differs from any."""
    model = known.get(fields.get("type", ""))
    if model is None:
        return None
    try:
        return model.model_validate({name: value for name, value in fields.items() if name in model.model_fields})
    except ValidationError:
        return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in items_of(value):
        yield from _texts(item)
