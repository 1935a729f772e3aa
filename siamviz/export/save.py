"""Writing results to files: whole or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz import files
from siamviz.export import figure
from siamviz.export.bundle import PAIR_VIEW
from siamviz.export.escape import visible
from siamviz.export.html import to_html
from siamviz.export.page import as_shown, to_page
from siamviz.export.payload import to_json

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
_DPI = 192
_COLUMNS = (
    "a",
    "b",
    "index_a",
    "index_b",
    "start_a",
    "end_a",
    "start_b",
    "end_b",
    "special",
    "effect",
    "share",
)


def save(
    pair: PairAttribution, path: str | os.PathLike[str], state: Mapping[str, Any] | None = None
) -> None:
    """Write a pair to `path` in the format that its suffix names.

    Parameters
    ----------
    pair : PairAttribution
    path : str or path
        Ends in .html (the interactive page; the static one where the front end is not built),
        .svg, .pdf, .png, .tex (TikZ), .json (as `PairAttribution.to_dict`) or .csv (a row for each
        pair of tokens).
        An existing file is replaced in one step.
    state : mapping, optional
        How to show it, by the names of `siamviz.PairView`'s traits.

    Raises
    ------
    InvalidArgumentError
        For another suffix, and for a folder that does not exist.
    """
    target = check_target(path)
    suffix, state = target.suffix.lower(), state or {}
    if suffix == ".html" and PAIR_VIEW.built():
        content = to_page(pair, state=state).encode("utf-8")
    else:
        content = encode(as_shown(pair, state), suffix)
    write(target, content)


def encode(pair: PairAttribution, suffix: str) -> bytes:
    """Return what a file with this suffix holds of a pair; .html is the static page.

    Parameters
    ----------
    pair : PairAttribution
    suffix : {".html", ".svg", ".pdf", ".png", ".tex", ".json", ".csv"}
    """
    if suffix in figure.OBSTACLES:
        return figure.whole(pair).encode(suffix, dpi=_DPI)
    return _WRITERS[suffix](pair)


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return `path` unless something keeps `save` from writing it; see `figure.check_target`."""
    return figure.check_target(path, _WRITERS)


def write(target: Path, content: bytes) -> None:
    """Put `content` in the place of `target`, whole or not at all."""
    with files.written(target) as aside:
        aside.write_bytes(content)


def inert(text: str) -> str:
    """Return `text` so that a spreadsheet shows it and never evaluates it as a formula.

    >>> inert("=1+1"), inert("kitten")
    ("'=1+1", 'kitten')
    """
    shown = visible(text)
    return f"'{shown}" if shown.lstrip(" ")[:1] in _FORMULA_STARTS and shown.strip(" ") else shown


def to_csv(pair: PairAttribution) -> str:
    """Return a row for each pair of tokens; texts are inert, numbers stay numbers."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    error = () if pair.standard_error is None else ("standard_error",)
    writer.writerow(_COLUMNS + error)
    writer.writerows(_rows(pair))
    return sink.getvalue()


def _rows(pair: PairAttribution) -> Iterator[list[object]]:
    for i, a in enumerate(pair.tokens_a):
        for j, b in enumerate(pair.tokens_b):
            effect = pair.matrix[i, j]
            share = float(effect) / pair.score if pair.score else ""
            row: list[object] = [inert(a.text), inert(b.text), i, j, a.start, a.end, b.start, b.end]
            row += [a.special or b.special, str(effect), share]
            if pair.standard_error is not None:
                row.append(str(pair.standard_error[i, j]))
            yield row


_WRITERS: dict[str, Callable[[PairAttribution], bytes]] = {
    ".html": lambda pair: to_html(pair).encode("utf-8"),
    ".json": lambda pair: to_json(pair).encode("ascii"),
    ".csv": lambda pair: to_csv(pair).encode("utf-8"),
}
