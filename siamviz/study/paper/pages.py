"""A study's tables as Markdown, and with its figures as one page that needs no network."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.export.escape import escape
from siamviz.files import written
from siamviz.study.paper.layout import readable
from siamviz.study.paper.plots import figures

if TYPE_CHECKING:
    import pandas as pd

TITLES = {
    "accuracy": "Residual (and scalar error) against steps",
    "shares": "What the largest token pairs carry",
    "classes": "Parts of speech and dependency roles",
    "sums": "How well parts of the matrix rank pairs",
    "agreement": "Exact against approximate attributions",
    "probes": "Negation, antonyms, swapped roles",
    "baselines": "Baselines",
    "faithfulness": "Whose token pairs matter (paired difference to pad or exact)",
}
_STYLE = """
body { font: 14px system-ui, sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem;
  color: #15191f; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .25rem .6rem; text-align: right; border: 0; border-bottom: 1px solid #e4e7eb; }
"""


def write_pages(folder: Path, tables: dict[str, pd.DataFrame], said: str) -> None:
    """Write ``study.md`` and ``study.html``.

    Parameters
    ----------
    folder : Path
    tables : dict of DataFrame
        By part.
    said : str
        When and how they were made.
    """
    shown = {name: readable(name, table) for name, table in tables.items()}
    parts = [f"## {TITLES[name]}\n\n{_markdown(table)}\n" for name, table in shown.items()]
    with written(folder / "study.md") as aside:
        aside.write_text(f"# Study\n\n{said}\n\n" + "\n".join(parts), encoding="utf-8")
    with written(folder / "study.html") as aside:
        aside.write_text(_page(tables, shown, said), encoding="utf-8")


def _page(tables: dict[str, pd.DataFrame], shown: dict[str, pd.DataFrame], said: str) -> str:
    embed: Any = import_module("bokeh.embed")
    inline: Any = import_module("bokeh.resources").INLINE
    titled = dict(figures(tables))
    script, pieces = embed.components(titled) if titled else ("", {})
    drawn = "".join(f"<h2>{escape(title)}</h2>{piece}" for title, piece in pieces.items())
    listed = "".join(
        f'<h2>{TITLES[name]}</h2><div class="wide">'
        f"{table.to_html(index=False, escape=True, float_format=_number)}</div>"
        for name, table in shown.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Study</title>'
        f"<style>{_STYLE}</style>{inline.render()}<h1>Study</h1><p>{escape(said)}</p>"
        f"{drawn}{listed}{script}</html>\n"
    )


def _markdown(table: pd.DataFrame) -> str:
    names = [str(name) for name in table.columns]
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:.3g}"
