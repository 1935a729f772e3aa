"""``python -m siamviz.study.paper``: the papers' findings, looked for in models at hand."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from siamviz.cli.running import failures_told, quiet, to_stderr
from siamviz.errors import InvalidArgumentError, check_choice
from siamviz.exact.scored import ScoredPairs
from siamviz.machine import machine
from siamviz.study.columns import GoldRange
from siamviz.study.paper.pages import write_pages
from siamviz.study.paper.references import BASELINES
from siamviz.study.paper.study import PARTS, Study
from siamviz.study.paper.subjects import Sizes, Subject


def main(
    data: Annotated[Path, typer.Argument(help="Pairs with gold scores.", show_default=False)],
    model: Annotated[
        list[str], typer.Option(help="NAME=MODEL or NAME=MODEL,EXACT; several times.")
    ],
    out: Annotated[Path, typer.Option(help="The study's folder; it is gone on with.")],
    gold_range: Annotated[tuple[float, float], typer.Option(help="Of the gold scores.")] = (0, 5),
    part: Annotated[
        list[str] | None, typer.Option(help=f"Of {', '.join(PARTS)}; default: all.")
    ] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help=f"Of originals; default: {', '.join(BASELINES)}.")
    ] = None,
    quadrature: Annotated[str | None, typer.Option(help="The rule of runs.")] = None,
    linguistics: Annotated[str, typer.Option(help="A spaCy pipeline.")] = "en_core_web_sm",
    pairs: Annotated[int, typer.Option(help="Pairs that runs attribute.")] = Sizes.pairs,
    measured: Annotated[int, typer.Option(help="Pairs for faithfulness.")] = Sizes.measured,
    compared: Annotated[
        int, typer.Option(help="Pairs to compare models and baselines on.")
    ] = Sizes.compared,
    sentences: Annotated[int, typer.Option(help="Pairs for residuals.")] = Sizes.sentences,
    run_layer: Annotated[int, typer.Option(help="The layer of runs.")] = Sizes.layer,
    layer: Annotated[
        list[int] | None, typer.Option(help="Layers that are compared; default: all.")
    ] = None,
    steps: Annotated[list[int] | None, typer.Option(help="Numbers of steps.")] = None,
    probes: Annotated[int | None, typer.Option(help="Minimal pairs of each kind.")] = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
) -> None:
    """Compute the tables that are not there yet, and write study.md and study.html."""
    with failures_told(), quiet():
        parts = [check_choice("part", one, PARTS) for one in part or PARTS]
        subjects = [subject for one in model for subject in _subjects(one)]
        scored = ScoredPairs.read(data, (None, None, None), GoldRange(*gold_range), "study")
        sizes = Sizes(
            pairs=pairs, measured=measured, compared=compared, sentences=sentences,
            layer=run_layer, layers=tuple(layer) if layer else None,
            steps=tuple(steps) if steps else Sizes.steps, probes=probes, seed=seed,
        )  # fmt: skip
        study = Study(out, subjects, scored, sizes, baseline or BASELINES, quadrature, linguistics)
        tables = study.tables(parts)
        command = shlex.join(["python", "-m", "siamviz.study.paper", *sys.argv[1:]])
        write_pages(out, tables, f"{datetime.now(UTC):%Y-%m-%d}, {machine()}: `{command}`")
        to_stderr().print(f"Wrote {out / 'study.md'} and {out / 'study.html'}", markup=False)


def _subjects(asked: str) -> list[Subject]:
    name, equals, models = asked.partition("=")
    original, *exact = models.split(",")
    if not (name and equals and original) or len(exact) > 1:
        raise InvalidArgumentError(
            f"--model {asked!r} is not understood. Give NAME=MODEL, or NAME=MODEL,EXACT, where "
            "EXACT is the folder of the exact model that was made of it."
        )
    return [Subject(name, original)] + [Subject(f"{name}-exact", one, name) for one in exact]


if __name__ == "__main__":
    typer.run(main)
