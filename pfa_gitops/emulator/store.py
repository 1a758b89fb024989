"""The emulator's state in one SQLite file: documents by kind, newest last. The only SQL.

One connection, used from the event loop's thread only. WAL and a commit per write: a process killed at any moment
loses nothing that was answered. Writes that make sense only with each other go `together`.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_kind_and_name ON documents (kind, name);
"""


class Store:
    """Documents with an ``id`` and, mostly, a ``name``. What `get` and `find` return are copies."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit all writes within as one, or none of them. Nothing may be awaited within, nor this be nested."""
        self._db.execute("BEGIN")
        with self._db:  # commits, or rolls back what an exception or a signal breaks off
            yield

    def insert(self, kind: str, doc: Doc) -> Doc:
        """Add a document; its id must be new."""
        self._db.execute(
            "INSERT INTO documents (kind, id, name, body) VALUES (?, ?, ?, ?)",
            (kind, doc["id"], doc.get("name") or "", json.dumps(doc)),
        )
        return doc

    def save(self, doc: Doc) -> Doc:
        """Overwrite a document that exists."""
        self._db.execute(
            "UPDATE documents SET name = ?, body = ? WHERE id = ?",
            (doc.get("name") or "", json.dumps(doc), doc["id"]),
        )
        return doc

    def change(self, doc_id: str, **values: Any) -> Doc | None:
        """Set some fields of a document, read afresh; None when it is gone."""
        row = self._db.execute("SELECT body FROM documents WHERE id = ?", (doc_id,)).fetchone()
        return None if row is None else self.save({**json.loads(row[0]), **values})

    def get(self, kind: str, doc_id: str) -> Doc | None:
        """The document, or None."""
        row = self._db.execute("SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, doc_id)).fetchone()
        return None if row is None else _doc(row)

    def find(self, kind: str, name: str | None = None) -> list[Doc]:
        """All documents of a kind, or those with exactly that name, the newest first."""
        where, values = ("kind = ?", [kind]) if name is None else ("kind = ? AND name = ?", [kind, name])
        rows = self._db.execute(f"SELECT body FROM documents WHERE {where} ORDER BY seq DESC", values)  # noqa: S608 - fixed text
        return [_doc(row) for row in rows]

    def delete(self, doc_id: str) -> None:
        """Remove a document; nothing happens when it is not there."""
        self._db.execute("DELETE FROM documents WHERE id = ?", (doc_id,))


def _doc(row: tuple[str]) -> Doc:
    doc: Doc = json.loads(row[0])
    return doc
