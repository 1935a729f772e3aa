"""``siamviz analyze`` and ``siamviz report``: the errors of an encoder over a dataset."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siamviz.cli import options
from siamviz.cli.columns import DATA, Gold, GoldRange, TextColumnA, TextColumnB
from siamviz.cli.running import (
    FAILED,
    failures_told,
    print_json,
    quiet,
    resumable,
    tell,
    to_stderr,
)

if TYPE_CHECKING:
    from siamviz.study.run import Run

_PICKS = "What to attribute"
_WORK = "Work"

Data = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Pairs: .csv, .tsv, .jsonl or .parquet.", show_default=False
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="DIR", help="The run's folder.", show_default=False,
        rich_help_panel="Output",
    ),
]  # fmt: skip
Encoding = Annotated[str, typer.Option("--encoding", rich_help_panel=DATA, help="Of a text file.")]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", rich_help_panel=DATA, show_default=False,
        help="Whether the first line names the columns; guessed if not given.",
    ),
]  # fmt: skip
Attribute = Annotated[
    str,
    typer.Option(
        "--attribute", metavar="WHAT", rich_help_panel=_PICKS,
        help="all, none, errors (those of the largest |score − gold|), or an SQL condition such "
        "as \"gold < 0.3 and score > 0.7\". All pairs are scored.",
    ),
]  # fmt: skip
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", rich_help_panel=_PICKS, help="At most so many of them; for errors usually 500."
    ),
]
Control = Annotated[
    int,
    typer.Option("--control", rich_help_panel=_PICKS, help="So many of the others, at random."),
]
Seed = Annotated[int, typer.Option("--seed", rich_help_panel=_PICKS, help="Of that draw.")]
Linguistics = Annotated[
    str | None,
    typer.Option(
        "--linguistics", metavar="PIPELINE", rich_help_panel=_WORK,
        help="Annotate words with this spaCy pipeline, such as en_core_web_sm.",
    ),
]  # fmt: skip
Engine = Annotated[
    str,
    typer.Option(
        "--engine", metavar="NAME", rich_help_panel=_WORK,
        help="local, or ray: on the processes of a Ray cluster, with the same results.",
    ),
]  # fmt: skip
Address = Annotated[
    str | None,
    typer.Option(
        "--address", rich_help_panel=_WORK,
        help="Of a Ray cluster; by default the one at hand, else one on this machine.",
    ),
]  # fmt: skip
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", rich_help_panel=_WORK, help="Ray's processes; by default one for two CPUs."
    ),
]
Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="The folder of a run.", show_default=False)
]
ReportHtml = Annotated[
    Path,
    typer.Option("--html", metavar="FILE", help="The page to write.", show_default=False),
]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="SQL", help="Only the pairs that meet this condition."),
]


@options.with_groups
def analyze(
    data: Data,
    out: Out,
    subject: options.Subject,
    integration: options.Integration,
    text_a: TextColumnA = None,
    text_b: TextColumnB = None,
    gold: Gold = None,
    gold_range: GoldRange = None,
    encoding: Encoding = "utf-8",
    header: Header = None,
    attribute: Attribute = "all",
    limit: Limit = None,
    control: Control = 0,
    seed: Seed = 0,
    linguistics: Linguistics = None,
    engine: Engine = "local",
    address: Address = None,
    workers: Workers = None,
    json: options.Json = False,
) -> None:
    """Score the pairs of a dataset and attribute the scores to pairs of words.

    The run is kept in a folder as it goes on. The same command resumes it after a kill or Ctrl-C.
    """
    with failures_told(), quiet():
        quadrature = integration.quadrature()
        options.check_names(precision=integration.precision)
        from siamviz.study.analysis import analyze as run_analysis

        with resumable(f"What is finished is kept in {str(out)!r}"):
            run = run_analysis(
                data, out=out, model=subject.model, text_a=text_a, text_b=text_b, gold=gold,
                gold_range=gold_range, encoding=encoding, header=header, layer=subject.layer,
                baseline=subject.baseline, similarity=subject.similarity, quadrature=quadrature,
                precision=integration.precision, attribute=attribute, limit=limit,
                control=control, seed=seed, linguistics=linguistics,
                engine=engine, address=address, workers=workers,
            )  # fmt: skip
        _summary(run, json)


def report(folder: Folder, html: ReportHtml, where: Where = None) -> None:
    """Write a run's report: one interactive page that needs no network."""
    with failures_told(), quiet():
        from siamviz.study.run import Run as StoredRun

        StoredRun(folder).report(html, slice=where)
        to_stderr().print(f"Wrote {html}", markup=False)


def _summary(run: Run, json: bool) -> None:
    """Print how well the scores agree with gold, and the word pairs that harm most."""
    counts = run.counts()
    found = run.metrics() if run.has_gold else None
    if json:
        print_json({"folder": str(run.folder), "counts": counts, "metrics": _record(found)})
    else:
        from siamviz.study.terminal import show

        show(run)
    if not counts["scored"]:
        tell("No pair could be scored; the column 'error' of the table 'pairs' says why.")
        raise typer.Exit(FAILED)


def _record(found: Any) -> dict[str, float | None] | None:
    if found is None:
        return None
    return {name: None if isnan(value) else value for name, value in found.iloc[0].items()}
