"""Contributions of a run's texts in memory-mapped files."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import numpy as np

from siamviz import files
from siamviz.contributions import (
    SentenceContributions,
    Settings,
    Token,
    Truncation,
)
from siamviz.errors import SiamvizError
from siamviz.study.store import Store
from siamviz.study.tables import texts_schema

_OPEN_PARTS = 64
_SCALARS = (
    "relative_residual", "residual_bound", "steps", "scale", "converged", "evaluations", "message",
)  # fmt: skip


@dataclass(frozen=True)
class TextKey:
    """One text of a run, as A, as B, or as both.

    Attributes
    ----------
    text_id : str
    role : str
        "a" or "b" where a text has other contributions on either side, else empty.
    text : str
    tokens : int
        Its length in tokens.
    """

    text_id: str
    role: str
    text: str
    tokens: int = 0


def write_texts(
    store: Store,
    part: int,
    keys: Iterable[TextKey],
    found: Iterable[SentenceContributions | SiamvizError],
) -> None:
    """Write one part of contributions; a text that failed is a row with its error."""
    arrow = import_module("pyarrow")
    known: dict[bytes, int] = {}
    rows = [
        _row(key, result, number, known)
        for number, (key, result) in enumerate(zip(keys, found, strict=True))
    ]
    schema = store.stamp(texts_schema())
    table = arrow.Table.from_pylist(rows, schema=schema)
    with (
        files.written(store.path("texts", part)) as aside,
        arrow.OSFile(str(aside), "wb") as sink,
        arrow.ipc.new_file(sink, schema) as writer,
    ):
        writer.write_table(table)


def _row(
    key: TextKey,
    result: SentenceContributions | SiamvizError,
    number: int,
    known: dict[bytes, int],
) -> dict[str, Any]:
    head = {"text_id": key.text_id, "role": key.role, "text": key.text}
    if isinstance(result, SiamvizError):
        return {**head, "status": "failed", "error": str(result)}
    arrays = _flat(result.reference), _flat(result.reference_shares)
    reference = known.setdefault(arrays[0].tobytes() + arrays[1].tobytes(), number)
    own = reference == number
    tokens = [[token.text, token.start, token.end, token.role] for token in result.tokens]
    scalars = {name: getattr(result, name) for name in _SCALARS}
    scalars["truncation"] = asdict(result.truncation)
    return {
        **head,
        "tokens": json.dumps(tokens),
        "vectors": _flat(result.vectors),
        "embedding": _flat(result.embedding),
        "encoded": _flat(result.encoded),
        "reference": arrays[0] if own else None,
        "reference_shares": arrays[1] if own else None,
        "reference_row": reference,
        "coarse": _packed_change(result),
        "scalars": json.dumps(scalars),
        "settings": json.dumps(asdict(result.settings)),
        "status": "ok",
    }


def _flat(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32).ravel()


def _packed_change(result: SentenceContributions) -> bytes | None:
    """What `coarse` differs by from `vectors`: an estimate of an error, to three digits."""
    if result.coarse is None:
        return None
    change = result.coarse.astype(np.float64) - result.vectors
    largest = np.abs(change).max() or 1.0
    return np.float64(largest).tobytes() + (change / largest).astype(np.float16).tobytes()


def _unpacked_change(packed: Any, shape: tuple[int, int]) -> np.ndarray:
    largest = np.frombuffer(packed, np.float64, 1)[0]
    return largest * np.frombuffer(packed, np.float16, offset=8).astype(np.float64).reshape(shape)


class Shards:
    """The contributions of a run's texts, read from memory-mapped files when they are asked for.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: dict[str, tuple[int, int]] = {}
        self._parts: set[int] = set()
        self._open: OrderedDict[int, Any] = OrderedDict()
        self.refresh()

    def refresh(self) -> None:
        """Take notice of new parts."""
        for part in self._store.parts("texts"):
            if part not in self._parts:
                ids = self._part(part).column("text_id").to_pylist()
                self._places |= {text_id: (part, row) for row, text_id in enumerate(ids)}
                self._parts.add(part)

    def __contains__(self, text_id: str) -> bool:
        return text_id in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def get(self, text_id: str) -> SentenceContributions:
        """Return the contributions of a text.

        Raises
        ------
        KeyError
            If they are not there.
        SiamvizError
            If they could not be computed, with the reason.
        """
        part, row = self._places[text_id]
        table = self._part(part)
        if table.column("status")[row].as_py() != "ok":
            raise SiamvizError(table.column("error")[row].as_py())
        tokens = tuple(Token(*token) for token in json.loads(table.column("tokens")[row].as_py()))
        scalars = json.loads(table.column("scalars")[row].as_py())
        reference = table.column("reference_row")[row].as_py()
        embedding = _floats(table, "embedding", row)
        shape = (len(tokens), len(embedding))
        vectors = _floats(table, "vectors", row).reshape(shape)
        packed = table.column("coarse")[row].as_py()
        return SentenceContributions(
            text=table.column("text")[row].as_py(),
            tokens=tokens,
            vectors=vectors,
            embedding=embedding,
            reference=_floats(table, "reference", reference),
            encoded=_floats(table, "encoded", row),
            settings=Settings(**json.loads(table.column("settings")[row].as_py())),
            reference_shares=_floats(table, "reference_shares", reference).reshape(shape),
            coarse=None if packed is None else vectors + _unpacked_change(packed, shape),
            truncation=Truncation(**scalars.pop("truncation")),
            side="b" if table.column("role")[row].as_py() == "b" else "a",
            **scalars,
        )

    def _part(self, part: int) -> Any:
        """The table of a part, mapped into memory."""
        if part not in self._open:
            arrow = import_module("pyarrow")
            file = arrow.memory_map(str(self._store.path("texts", part)))
            self._open[part] = arrow.ipc.open_file(file).read_all()
            if len(self._open) > _OPEN_PARTS:
                self._open.popitem(last=False)
        self._open.move_to_end(part)
        return self._open[part]


def _floats(table: Any, column: str, row: int) -> np.ndarray:
    """One row's numbers, without a copy."""
    return table.column(column)[row].values.to_numpy(zero_copy_only=True)
