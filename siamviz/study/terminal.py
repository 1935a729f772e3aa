"""A run in a terminal: agreement with gold, and the word pairs that do most harm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from siamviz.export.escape import label
from siamviz.export.numbers import signed

if TYPE_CHECKING:
    from siamviz.study.run import Run

_SHOWN = 8


def show(run: Run) -> None:
    """Print a run on standard output."""
    console = Console(highlight=False)
    counts = run.counts()
    console.print(
        f"{counts['pairs']:,} pairs, {counts['scored']:,} scored, {counts['attributed']:,} "
        f"attributed in {str(run.folder)!r}.",
        markup=False,
    )
    if run.has_gold:
        found = run.metrics().iloc[0]
        names = {"spearman": "Spearman", "pearson": "Pearson", "mae": "MAE"}
        said = ", ".join(f"{names[name]} {_interval(found, name)}" for name in names)
        console.print(f"{said} (95 % intervals).", markup=False)
    _show_words(console, run)


def _show_words(console: Console, run: Run) -> None:
    gold = run.has_gold
    frame: Any = run.word_pairs(limit=_SHOWN, least=5, order="harm" if gold else "mean")
    frame = frame[frame["harm" if gold else "mean"] > 0]
    if frame.empty:
        return
    table = Table(
        box=SIMPLE_HEAD,
        title=f"Word pairs that {'do most harm' if gold else 'raise scores most'}",
        title_justify="left",
    )
    table.add_column("words", no_wrap=True)
    for name in ("pairs", "mean effect", "95 %", "error", "harm"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in frame.to_dict("records"):
        table.add_row(
            Text(f"{label(row['a'])} × {label(row['b'])}"),
            f"{row['n']:,}",
            _signed(row["mean"]),
            f"{_signed(row['low'])} to {_signed(row['high'])}",
            _signed(row["error"]),
            _signed(row["harm"], 4),
        )
    console.print(table)


def _signed(value: float, decimals: int = 3) -> str:
    return "–" if math.isnan(value) else signed(value, decimals)


def _interval(row: Any, name: str) -> str:
    return f"{row[name]:.3f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]"
