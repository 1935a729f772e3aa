"""A run's folder: a manifest, tables in parts, and SQL over them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz import files
from siamviz.errors import DataError
from siamviz.study import notes
from siamviz.study.scratch import scratch_folder
from siamviz.study.tables import COLUMNS, COMPANIONS, SUFFIXES, quoted, schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FORMAT = "siamviz.run/1"
_MANIFEST = "manifest.json"
_EARLIER = "earlier"
_FINGERPRINT = b"siamviz.run"
_PART = re.compile(r"part-(\d{5,})")


class Store:
    """The folder of one run.

    Parameters
    ----------
    folder : Path
        With a manifest.

    Attributes
    ----------
    aside : Path or None
        Where the run is now that made room for this one.

    Raises
    ------
    DataError
        If there is none, or one that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifest = read_manifest(folder)
        if manifest is None:
            raise DataError(
                f"{str(folder)!r} holds no run: it has no {_MANIFEST}. Make one with "
                "siamviz.analyze(…, out=…) or the command `siamviz analyze`."
            )
        self.manifest: dict[str, Any] = manifest
        self._read = _state(folder / _MANIFEST)
        self.aside: Path | None = None
        self.fingerprint: str = manifest["fingerprint"]
        self._connection: duckdb.DuckDBPyConnection | None = None

    @classmethod
    def create(cls, folder: Path, fingerprint: str, manifest: dict[str, Any]) -> Store:
        """Return the run of this fingerprint in `folder`, new or as it was left.

        A run with another fingerprint is put aside into ``earlier/``, and comes back from there
        when it is asked for again.
        """
        for place in (folder, *(folder / table for table in SUFFIXES)):
            files.sweep(place)
        _finish_moves(folder)
        known, aside = read_manifest(folder), None
        if known is None or known["fingerprint"] != fingerprint:
            if known is not None:
                aside = _put_aside(folder, known["fingerprint"])
            _bring_back(folder, fingerprint)
        if read_manifest(folder) is None:
            _refuse_strangers(folder)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            head = {"format": FORMAT, "fingerprint": fingerprint, "created": now}
            files.write_json(folder / _MANIFEST, head | manifest)
        store = cls(folder)
        store.aside = aside
        return store

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the folder against a second process; the lock of a dead one does not count."""
        with lock(self.folder):
            self.check()
            yield

    def check(self) -> None:
        """Raise unless the folder still holds this run; take over what is new in its manifest.

        Raises
        ------
        DataError
        """
        state = _state(self.folder / _MANIFEST)
        if state == self._read:
            return
        manifest = read_manifest(self.folder)
        if manifest is None or manifest["fingerprint"] != self.fingerprint:
            raise DataError(
                f"{str(self.folder)!r} holds another run now than when this one was opened. This "
                f"one is kept in {str(self.folder / _EARLIER / self.fingerprint)!r}: open it with "
                "siamviz.Run there, or call analyze with its settings again."
            )
        self.manifest, self._read = manifest, state

    def update(self, **changes: Any) -> None:
        """Set values of the manifest."""
        self.check()
        self.manifest |= changes
        files.write_json(self.folder / _MANIFEST, self.manifest)
        self._read = _state(self.folder / _MANIFEST)

    def path(self, table: str, part: int) -> Path:
        """Where a part of a table is."""
        return self.folder / table / f"part-{part:05d}{SUFFIXES[table]}"

    def parts(self, table: str) -> list[int]:
        """The numbers of the parts that are there, ascending."""
        found = self._numbers(table)
        if table in COMPANIONS:
            found &= self._numbers(COMPANIONS[table])
        return sorted(found)

    def next_part(self, table: str) -> int:
        """The number of the next new part."""
        return max(self._numbers(table), default=-1) + 1

    def _numbers(self, table: str) -> set[int]:
        names = (file.name for file in (self.folder / table).glob(f"part-*{SUFFIXES[table]}"))
        return {int(found[1]) for name in names if (found := _PART.match(name))}

    def write(self, table: str, part: int, rows: pa.Table) -> None:
        """Write one part, whole or not at all."""
        parquet = import_module("pyarrow.parquet")
        stamped = rows.replace_schema_metadata({_FINGERPRINT: self.fingerprint.encode()})
        with files.written(self.path(table, part)) as aside:
            parquet.write_table(stamped, aside, compression="zstd")

    def table(self, name: str, columns: Mapping[str, Any]) -> pa.Table:
        """Return columns as a table of this store's schema; NaN becomes NULL."""
        arrow = import_module("pyarrow")
        own = schema(name, self.metadata if name == "pairs" else None)
        arrays = [arrow.array(columns[f.name], type=f.type, from_pandas=True) for f in own]
        return arrow.table(arrays, schema=own)

    def drop(self, table: str) -> None:
        """Remove all parts of a table."""
        for part in self._numbers(table):
            self.path(table, part).unlink()

    def drop_unreadable(self) -> list[Path]:
        """Remove parts that cannot be read or belong to another run, and name them."""
        bad = [
            path
            for table in SUFFIXES
            for path in (self.path(table, part) for part in self._numbers(table))
            if not self._readable(path)
        ]
        for path in bad:
            path.unlink()
            other = COMPANIONS.get(path.parent.name)
            if other is not None:
                self.path(other, int(path.stem.removeprefix("part-"))).unlink(missing_ok=True)
        return bad

    def _readable(self, path: Path) -> bool:
        arrow = import_module("pyarrow")
        try:
            if path.suffix == ".parquet":
                found = import_module("pyarrow.parquet").read_schema(path)
            else:
                with arrow.memory_map(str(path)) as file:
                    found = arrow.ipc.open_file(file).schema
        except (arrow.ArrowException, OSError):
            return False
        return (found.metadata or {}).get(_FINGERPRINT) == self.fingerprint.encode()

    def stamp(self, own: pa.Schema) -> pa.Schema:
        """Return a schema that names this run."""
        return own.with_metadata({_FINGERPRINT: self.fingerprint.encode()})

    # Questions

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor over the run's tables as they are now."""
        self.check()
        if self._connection is None:
            self._connection = _database()
        cursor = self._connection.cursor()
        for name in COLUMNS:
            cursor.execute(self.view(name, name))
        return cursor

    def view(self, table: str, name: str) -> str:
        """SQL that defines the view `name` of a table: of its parts, or of nothing."""
        paths = [_literal(self.path(table, part)) for part in self.parts(table)]
        if paths:
            listed = ", ".join(f"'{path}'" for path in paths)
            source = f"SELECT * FROM read_parquet([{listed}], union_by_name=false)"
        else:
            source = f"SELECT {_nothing(table, self.metadata)} WHERE false"
        return f"CREATE OR REPLACE TEMP VIEW {name} AS {source}"

    @property
    def settings(self) -> dict[str, Any]:
        """What the run was asked, as the manifest has it."""
        return self.manifest["settings"]

    @property
    def metadata(self) -> dict[str, str]:
        """The kinds of the dataset's own columns, by their names in the store."""
        return self.manifest["input"]["metadata"]


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder; None if it has none.

    Raises
    ------
    DataError
        If it cannot be read, or a newer siamviz wrote it.
    """
    file = folder / _MANIFEST
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise DataError(f"{str(folder)!r} is a file. Give a folder for the run.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{str(file)!r} cannot be read: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise DataError(
            f"{str(file)!r} is no manifest of this version ({FORMAT}), but "
            f"{str(found.get('format') if isinstance(found, dict) else type(found).__name__)!r}."
        )
    return found


def check_folder(folder: Path) -> None:
    """Raise unless a run can be written to `folder`, which need not be there yet.

    Raises
    ------
    DataError
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise DataError(f"{str(there)!r} is a file. Give a folder for the run.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise DataError(f"The folder {str(there)!r} is read-only. Give another one for the run.")


@contextmanager
def lock(folder: Path) -> Generator[None]:
    """Hold a folder against other processes.

    Raises
    ------
    DataError
        If one that is alive holds it.
    """
    filelock = import_module("filelock")
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / "lock", timeout=0):
            yield
    except filelock.Timeout as error:
        raise DataError(
            f"Another process is working on {str(folder)!r}. Wait for it, stop it, or give another "
            "folder."
        ) from error


def _literal(path: Path) -> str:
    """A path in SQL that means this one file, whatever signs it has."""
    return re.sub(r"[\[*?]", lambda sign: f"[{sign[0]}]", str(path)).replace("'", "''")


def _state(file: Path) -> tuple[int, ...] | None:
    """What changes when a file is replaced."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _database() -> duckdb.DuckDBPyConnection:
    try:
        database = import_module("duckdb")
    except ImportError as error:
        raise ImportError(
            "Questions over a run need DuckDB, which is not installed. Install it with: "
            "pip install 'siamviz[study]'"
        ) from error
    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "true",
        "temp_directory": str(scratch_folder()),
    }
    return database.connect(config=settings)


def _nothing(table: str, metadata: dict[str, str]) -> str:
    names = {
        "string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "int16": "SMALLINT",
        "float64": "DOUBLE", "float32": "FLOAT", "bool": "BOOLEAN", "list": "DOUBLE[]",
        "str": "VARCHAR", "int": "BIGINT", "float": "DOUBLE",
    }  # fmt: skip
    kinds = {**COLUMNS[table], **(metadata if table == "pairs" else {})}
    return ", ".join(f"NULL::{names[kind]} AS {quoted(name)}" for name, kind in kinds.items())


# Runs with other settings in the same folder


def _contents(folder: Path) -> Iterable[Path]:
    """What belongs to a run, and no file that somebody else keeps there."""
    names = (*SUFFIXES, notes.FILE, _MANIFEST)
    return [folder / name for name in names if (folder / name).exists()]


def _put_aside(folder: Path, fingerprint: str) -> Path:
    """Move a run into ``earlier/``; if this is interrupted, `_finish_moves` goes on with it."""
    moving = folder / _EARLIER / f"{fingerprint}.moving"
    moving.mkdir(parents=True, exist_ok=True)
    _finish_moves(folder)
    return moving.with_suffix("")


def _finish_moves(folder: Path) -> None:
    for moving in (folder / _EARLIER).glob("*.moving"):
        for entry in _contents(folder):
            _replace(entry, moving / entry.name)
        _replace(moving, moving.with_suffix(""))
    for back in (folder / _EARLIER).glob("*.back"):
        for entry in back.iterdir():
            _replace(entry, folder / entry.name)
        back.rmdir()


def _bring_back(folder: Path, fingerprint: str) -> None:
    kept = folder / _EARLIER / fingerprint
    if kept.is_dir():
        kept.rename(kept.with_suffix(".back"))
        _finish_moves(folder)


def _replace(entry: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    entry.replace(target)


def _refuse_strangers(folder: Path) -> None:
    """Raise if a new run's folder holds what no run wrote.

    Raises
    ------
    DataError
    """
    for table in SUFFIXES:
        if (folder / table).exists():
            raise DataError(
                f"{str(folder)!r} holds {table}/ but no {_MANIFEST}, so it is not known which "
                "settings it was made with. Give another folder, or remove that one."
            )
