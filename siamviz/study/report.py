"""The report of a run: one page that needs no network, with figures, tables and pair views.

A Content-Security-Policy allows nothing but the report's own script and BokehJS, by their hashes.
BokehJS makes its styles in the page, so these are allowed; they cannot ask for anything either.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz import files
from siamviz.attribution import PairAttribution
from siamviz.export.bundle import REPORT
from siamviz.export.compose import model_title
from siamviz.export.escape import escape, json_for_script
from siamviz.export.frame import pack
from siamviz.export.page import _digest, _inline, palette, to_base64, view_state
from siamviz.study import figures, report_html
from siamviz.study.looks import ROWS, Look, Theme
from siamviz.study.report_data import LISTED, Contents, gather, numbers
from siamviz.study.slices import Slice

if TYPE_CHECKING:
    from siamviz.study.run import Run

WORST = 12

_THEMES: tuple[Theme, ...] = ("light", "dark")


def write_report(
    run: Run,
    path: str | os.PathLike[str],
    *,
    slice: Slice = None,  # noqa: A002
    worst: int = WORST,
    title: str | None = None,
) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run : Run
    path : str or path
        Ends in .html. An existing file is replaced in one step.
    slice : str, list or DataFrame, optional
        The pairs it is about; see `Run.pairs`.
    worst : int
        How many of the pairs with the largest errors get an interactive picture; starred and
        tagged ones do too. Those that are not stored are computed.
    title : str, optional

    Returns
    -------
    Path

    Raises
    ------
    ImportError
        Without Bokeh: ``pip install 'siamviz[study]'``.
    InvalidArgumentError
        For another suffix, a folder that does not exist, and a slice without pairs.
    FrontEndMissingError
        If the front end is not built.
    """
    target = files.check_target(path, (".html",))
    figures.require_bokeh()
    REPORT.check_built()
    contents = gather(run, slice, worst)
    page = document(contents, _title(contents) if title is None else title)
    with files.written(target) as aside:
        aside.write_text(page, encoding="utf-8")
    return target


def document(contents: Contents, title: str) -> str:
    """Return the page."""
    script = _inline(REPORT.script(), "script")
    style = _inline(REPORT.style(), "style")
    library, packed = _bokeh()
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}' '{_digest(library)}'; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f'<body>\n<main class="rp">\n{"".join(_sections(contents, title))}\n</main>\n'
        f'<script type="application/json" id="siamviz-data">{json_for_script(data(contents))}'
        f'</script>\n<script type="text/plain" id="siamviz-bokeh">{packed}</script>\n'
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    )


def data(contents: Contents) -> dict[str, Any]:
    """Return what the page's script works on."""
    scored: Any = contents.scored
    rows = [int(row) for row in scored["row"]]
    places = {row: place for place, row in enumerate(rows)}
    frame = contents.frame
    listed = len(rows) if frame.points else LISTED
    texts = [
        [place, row, *pair, *contents.marks.get(row, (False, ""))]
        for place, (row, pair) in enumerate(zip(rows, _texts(scored), strict=True))
        if place < listed or row in contents.marks or row in contents.pictures
    ]
    return {
        "gold": contents.gold,
        "frame": {
            "low": frame.low,
            "high": frame.high,
            "columns": frame.columns,
            "rows": ROWS,
            "edges": frame.edges.tolist(),
            "points": frame.points,
        },
        "goldScores": _floats(scored, "gold"),
        "scores": _floats(scored, "score"),
        "texts": texts,
        "examples": [
            [a, b, [places[row] for row in found if row in places]]
            for (a, b), found in contents.examples
        ],
        "figures": {theme: _figures(contents, theme) for theme in _THEMES},
        "palette": to_base64(palette()),
        "views": [[places[row], _view(pair)] for row, pair in contents.pictures.items()],
    }


def _title(contents: Contents) -> str:
    model, name = contents.run.settings.model, str(contents.run.source.get("name", "pairs"))
    return f"Errors of {model_title(model)} on {model_title(name)}"


def _sections(contents: Contents, title: str) -> Iterator[str]:
    yield report_html.head(contents, title)
    yield report_html.plots()
    yield report_html.pairs(contents)
    yield report_html.words(contents)
    yield report_html.slices(contents)
    yield report_html.classes(contents)
    yield report_html.foot(version("siamviz"), datetime.now(UTC).strftime("%Y-%m-%d"))


def _texts(frame: Any) -> Iterator[tuple[str, str]]:
    return zip(frame["text_a"], frame["text_b"], strict=True)


def _floats(frame: Any, column: str) -> str:
    return to_base64(numbers(frame, column).astype("<f4").tobytes())


def _view(pair: PairAttribution) -> dict[str, Any]:
    """Return a result as the pair view reads it."""
    state = {**view_state(pair), "unit": "word"}
    settings = {"baseline": state["baseline"], "layer": state["layer"], "steps": None}
    return {"state": state, "frames": [{"settings": settings, "frame": to_base64(pack(pair))}]}


def _figures(contents: Contents, theme: Theme) -> dict[str, Any]:
    """Return the figures as JSON, by name."""
    embed: Any = import_module("bokeh.embed")
    look, frame = Look.of(theme), contents.frame
    made = {"histogram": figures.histogram(frame, look, contents.gold)}
    if contents.gold:
        made["scatter"] = figures.scatter(frame, look)
    if contents.classes is not None:
        made["heat"] = figures.heat(contents.classes, look)
    if contents.shares is not None:
        made["curve"] = figures.curve(contents.shares, look)
    return {name: embed.json_item(figure) for name, figure in made.items()}


@cache
def _bokeh() -> tuple[str, str]:
    """Return BokehJS, and the same packed: a third of the size."""
    resources: Any = import_module("bokeh.resources")
    library = "\n".join(
        resources.Resources(mode="inline", components=["bokeh"], log_level="warn").js_raw
    )
    return library, to_base64(gzip.compress(library.encode("utf-8"), mtime=0))
