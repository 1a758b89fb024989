"""The secrets that a run knows, so that it finds them where they stand in clear. Pure; it shows no value to anybody.

What many texts are made of would give false alarms, so a value counts only where it is unlikely to stand anywhere by
chance: see `is_telling`. A secret is also found inside of a longer text, and as URLs, JSON and base64 write it.
"""

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pfa_gitops.model.inventory import DIGEST, DigestKey, Inventory
from pfa_gitops.model.secret_names import names_secret
from pfa_gitops.model.secrets import Sealed
from pfa_gitops.model.utf8 import is_utf8

SHORTEST = 8
"""Characters of a value that is looked for."""
LONG = 16
"""From here on it may be of one sort of characters only, e.g. digits or lowercase letters."""
LEAST_DIFFERENT = 5
"""Different characters in it."""
FORMER = "that was applied last"


def is_telling(value: str) -> bool:
    """Whether a value hardly stands anywhere by chance, as `true`, `postgres` or `00000000` do."""
    if len(value) < SHORTEST or len(set(value)) < LEAST_DIFFERENT:
        return False
    return len(value) >= LONG or len({_sort(character) for character in value}) > 1


def _sort(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "lower" if character.islower() else "upper" if character.isupper() else "other"


class KnownSecrets:
    """Finds secrets in texts. `values` has them by what people call them, e.g. `from_env DB_PASSWORD`.

    With `inventory` those are found as well that it has digests of, where they are a whole text: they need not be
    what their stores hold by now. The values of `not_secret` may stand anywhere.
    """

    def __init__(
        self, values: Mapping[str, Sealed], inventory: Inventory | None = None, not_secret: Collection[str] = ()
    ) -> None:
        secrets = {name: value for name, value in values.items() if name not in not_secret}
        self._needles = {needle: name for name, value in secrets.items() for needle in _needles(value.reveal())}
        self._key: DigestKey | None = inventory.digests if inventory else None
        self._digests: set[str] = set()
        if inventory:
            applied = {digest for entry in inventory.entries.values() for digest in _digests_in(entry.applied)}
            harmless = [value for name, value in values.items() if name in not_secret and is_utf8(value.reveal())]
            self._digests = applied - set(map(inventory.digests.of, harmless))
        self._looked_up: dict[str, str | None] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._needles or self._digests)

    def name_in(self, text: str) -> str | None:
        """What the secret is called that stands in a text; None where there is none."""
        if len(text) < SHORTEST:
            return None
        if text not in self._looked_up:
            self._looked_up[text] = self._look_up(text)
        return self._looked_up[text]

    def _look_up(self, text: str) -> str | None:
        found = next((name for needle, name in self._needles.items() if needle in text), None)
        if found is None and self._digests and self._key and is_telling(text):
            return FORMER if self._key.of(Sealed(text)) in self._digests else None
        return found


def _needles(value: str) -> Iterator[str]:
    """What is looked for on behalf of one secret: itself, its secret parts, and how they are written elsewhere."""
    for text in {value, value.strip(), *_parts(value)}:
        if is_telling(text) and is_utf8(text):
            # A path's quoting leaves `/` alone, as the filter `urlencode` of templates does.
            quoted = {quote(text), quote(text, safe=""), quote_plus(text)}
            yield from {text, *quoted, json.dumps(text)[1:-1], _base64(text)}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


def _parts(value: str) -> Iterator[str]:
    """The secret parts of a JSON document and of a URL: the rest of such a secret is often known to everybody."""
    if value.lstrip().startswith(("{", "[")):
        try:
            yield from _in_json(json.loads(value), "")
        except (ValueError, RecursionError):
            return
    elif "://" in value:
        try:
            password = urlsplit(value).password
        except ValueError:
            return
        yield from (password, unquote(password)) if password else ()


def _in_json(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _in_json(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _in_json(item, name)
    elif isinstance(value, str) and names_secret(name):
        yield value


def _digests_in(value: Any) -> Collection[str]:
    if isinstance(value, Mapping):
        if value.keys() == {DIGEST}:
            return [str(value[DIGEST])]
        return [digest for item in value.values() for digest in _digests_in(item)]
    return [digest for item in value for digest in _digests_in(item)] if isinstance(value, list) else ()
