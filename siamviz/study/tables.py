"""The tables of a run: their columns, and where on disk they are."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

TOP_PERCENTS = (1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""Of how many of a pair's strongest token pairs `top_share` adds up the effects."""

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "pairs": {
        "row": "int64", "pair_id": "string", "text_a": "string", "text_b": "string",
        "gold": "float64", "score": "float64", "difference": "float64", "status": "string",
        "error": "string", "a": "string", "b": "string",
    },
    "attributions": {
        "row": "int64", "pair_id": "string", "picked": "string", "score": "float64",
        "base": "float64", "tokens_a": "float64", "tokens_b": "float64", "pairs": "float64",
        "residual": "float64", "special": "float64", "relative_residual": "float64",
        "residual_bound": "float64", "converged": "bool", "cell_error": "float64",
        "steps": "int32", "words_a": "int32", "words_b": "int32", "negative": "float64",
        "top_share": "list", "status": "string", "error": "string",
    },
    "word_pairs": {
        "row": "int64", "i": "int16", "j": "int16", "a": "string", "b": "string",
        "effect": "float32", "total": "float32",
    },
    "linguistics": {
        "text_id": "string", "word": "int16", "text": "string", "first": "int32", "last": "int32",
        "pos": "string", "lemma": "string", "dep": "string", "negation": "bool", "number": "bool",
    },
}  # fmt: skip
"""Arrow types by column; see `siamviz.study.run.Run.sql` for their meaning."""

SUFFIXES = dict.fromkeys(COLUMNS, ".parquet") | {"texts": ".arrow"}

COMPANIONS = {"word_pairs": "attributions", "attributions": "word_pairs"}
"""Tables whose part counts only while the part of the other table is there."""


def schema(table: str, metadata: Mapping[str, str] | None = None) -> pa.Schema:
    """Return the Arrow schema of a table; `metadata` are the kinds of a dataset's own columns."""
    arrow = import_module("pyarrow")
    own = {"int": "int64", "float": "float64", "bool": "bool", "str": "string"}
    kinds = {**COLUMNS[table], **{name: own[kind] for name, kind in (metadata or {}).items()}}
    fields = [(name, _arrow_type(arrow, kind)) for name, kind in kinds.items()]
    return arrow.schema(fields)


def quoted(name: str) -> str:
    """Return a column's name as SQL has it, whatever characters it is made of."""
    return '"' + name.replace('"', '""') + '"'


def _arrow_type(arrow: Any, kind: str) -> Any:
    if kind == "list":
        return arrow.list_(arrow.float64())
    return arrow.bool_() if kind == "bool" else getattr(arrow, kind)()


def texts_schema() -> pa.Schema:
    """Return the Arrow schema of contributions; arrays are flat, and rows may share a reference.

    `reference_row` is the row of the part whose `reference` and `reference_shares` hold.
    """
    arrow = import_module("pyarrow")
    floats = arrow.large_list(arrow.float32())
    return arrow.schema(
        [
            ("text_id", arrow.string()),
            ("role", arrow.string()),
            ("text", arrow.large_string()),
            ("tokens", arrow.large_string()),
            ("vectors", floats),
            ("embedding", floats),
            ("encoded", floats),
            ("reference", floats),
            ("reference_shares", floats),
            ("reference_row", arrow.int32()),
            ("coarse", arrow.large_binary()),
            ("scalars", arrow.string()),
            ("settings", arrow.string()),
            ("status", arrow.string()),
            ("error", arrow.string()),
        ]
    )
