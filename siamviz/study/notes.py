"""Stars, tags and notes that a reader gives to pairs of a run."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz import files
from siamviz.errors import ArgumentTypeError, DataError

if TYPE_CHECKING:
    import duckdb

FILE = "notes.json"
_FIELDS = {"star": bool, "tag": str, "note": str}


class Notes:
    """The file of a run's notes, written whole after every change.

    Parameters
    ----------
    folder : Path
        Of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._lock = threading.Lock()

    def read(self) -> dict[str, dict[str, Any]]:
        """Return what is noted, by pair_id.

        Raises
        ------
        DataError
            If the file cannot be read.
        """
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise DataError(f"The notes in {str(self._file)!r} cannot be read: {error}.") from error

    def set(self, pair_id: str, **values: bool | str | None) -> None:
        """Change what is noted of a pair; None leaves a value, an empty one removes it."""
        for name, value in values.items():
            if value is not None and not isinstance(value, _FIELDS[name]):
                raise ArgumentTypeError(
                    f"{name} must be a {_FIELDS[name].__name__}, got {value!r:.60}."
                )
        with self._lock:
            known = self.read()
            given = {name: value for name, value in values.items() if value is not None}
            merged = known.pop(pair_id, {}) | given
            kept = {name: value for name, value in merged.items() if value}
            if kept:
                known[pair_id] = kept
            files.write_json(self._file, known)

    def fill(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make the temporary table "tags"."""
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE tags (pair_id VARCHAR, star BOOLEAN, tag VARCHAR, "
            "note VARCHAR)"
        )
        rows = [
            (pair_id, bool(of.get("star")), of.get("tag"), of.get("note"))
            for pair_id, of in self.read().items()
        ]
        if rows:
            cursor.executemany("INSERT INTO tags VALUES (?, ?, ?, ?)", rows)
