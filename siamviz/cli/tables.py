"""``siamviz convergence`` and ``siamviz baselines``: one pair under many settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from siamviz.cli import options
from siamviz.cli.running import explaining, failures_told, print_json, quiet
from siamviz.export.escape import label

if TYPE_CHECKING:
    from siamviz.comparison import BaselineRow, ConvergenceRow

_NONE = "–"
_NARROWEST = 80
_CONVERGENCE_NOTE = (
    "The relative residual is the part of the embedding's way from the reference that the "
    "contributions miss, in the worse of the two sentences. The scalar error is what the score "
    "alone shows of it. The largest change is that of any cell since the row above."
)

StepsList = Annotated[
    str,
    typer.Option(
        "--steps",
        "-n",
        metavar="N,N,…",
        rich_help_panel="Integration",
        help="The numbers of nodes to try.",
    ),
]
RulesList = Annotated[
    str,
    typer.Option(
        "--rules",
        metavar="NAME,…",
        rich_help_panel="Integration",
        help=f"The fixed rules to try, of {', '.join(options.RULES[:-1])}.",
    ),
]
Baselines = Annotated[
    list[str] | None,
    typer.Option(
        "--baseline",
        "-b",
        metavar="NAME",
        rich_help_panel="Model and input",
        help=f"A reference to try: {', '.join(options.BASELINES)}, or a text. Can be repeated; by "
        "default all but pad-shifted.",
    ),
]


@options.with_groups
def convergence(
    a: options.TextA,
    b: options.TextB,
    subject: options.Subject,
    steps: StepsList = "4,8,12,16,24,32",
    rules: RulesList = "calibrated,gauss-legendre,right-riemann",
    precision: options.Precision = "auto",
    json: options.Json = False,
) -> None:
    """Show how the numerical error falls with the number of steps, rule by rule."""
    with failures_told(), quiet():
        counts, names = options.numbers(steps, "--steps"), options.words(rules, "--rules")
        _check_rules(names, counts)
        options.check_names(precision=precision)
        with explaining(subject.model, "Integrating") as (explainer, bar):
            found = explainer.convergence(
                a, b, counts, names, layer=subject.layer, baseline=subject.baseline,
                similarity=subject.similarity, precision=precision, progress=bar.report,
            )  # fmt: skip
        if json:
            print_json(found.to_dicts())
            return
        _print(_convergence_table(found.rows), [_CONVERGENCE_NOTE])


@options.with_groups
def baselines(
    a: options.TextA,
    b: options.TextB,
    subject: options.Subject,
    integration: options.Integration,
    baseline: Baselines = None,
    json: options.Json = False,
) -> None:
    """Compare what each baseline says about the texts A and B.

    The score is the sum of the pairs, the tokens against the other text's reference, the base
    that the references share, and the numerical residual. The less the reference terms weigh, the
    more the pairs alone explain.
    """
    with failures_told(), quiet():
        quadrature = integration.quadrature()
        options.check_names(precision=integration.precision)
        with explaining(subject.model, "Comparing baselines") as (explainer, bar):
            found = explainer.compare_baselines(
                a, b, baseline or options.TRIED, layer=subject.layer,
                similarity=subject.similarity, quadrature=quadrature,
                precision=integration.precision, progress=bar.report,
            )  # fmt: skip
        if json:
            print_json(found.to_dicts())
            return
        _print(_baseline_table(found.rows), _baseline_notes(found.rows))


def _check_rules(names: list[str], counts: list[int]) -> None:
    from siamviz.quadrature import parse_rule

    for name in names:
        for count in counts:
            parse_rule(name, count)


def _convergence_table(rows: Sequence[ConvergenceRow]) -> Table:
    table = _table(
        "rule", "steps", "relative residual", "scalar error", "largest change", "seconds"
    )
    previous = None
    for row in rows:
        if previous not in (None, row.rule):
            table.add_section()
        table.add_row(
            row.rule if row.rule != previous else "",
            str(row.steps),
            f"{row.relative_residual:.1e}",
            f"{row.scalar_error:.1e}",
            _NONE if row.cell_change is None else f"{row.cell_change:.1e}",
            f"{row.seconds:.1f}",
        )
        previous = row.rule
    return table


def _baseline_table(rows: Sequence[BaselineRow]) -> Table:
    from siamviz.export.numbers import percent, term

    table = _table(
        "baseline", "pairs", "share", "tokens A", "tokens B", "base", "residual", "error", "steps",
        "seconds",
    )  # fmt: skip
    for row in rows:
        name = Text(label(row.baseline))
        ledger = row.ledger
        if ledger is None:
            table.add_row(name, *[_NONE] * 9)
            continue
        terms = (ledger.tokens_a, ledger.tokens_b, ledger.base, ledger.residual)
        table.add_row(
            name,
            term(ledger.pairs),
            _NONE if row.share is None else percent(row.share),
            *map(term, terms),
            f"{row.relative_residual:.1e}",
            f"{row.steps}{'*' if row.converged is False else ''}",
            f"{row.seconds:.1f}",
        )
    return table


def _baseline_notes(rows: Sequence[BaselineRow]) -> list[str]:
    notes = [f"{row.baseline}: {row.error}" for row in rows if row.error]
    done = [(row, row.ledger) for row in rows if row.ledger is not None]
    if done:
        score = done[0][1].score
        notes.insert(
            0,
            f"Score {score:.3f} = pairs + tokens of A + tokens of B + base + residual; the share "
            "is that of the pairs alone, the error is the relative residual.",
        )
    heavy = [row.baseline for row, ledger in done if ledger.reference_dominates]
    if heavy:
        notes.append(
            f"With {', '.join(heavy)} a reference term exceeds the score, so the pairs alone do "
            "not explain it."
        )
    if any(row.converged is False for row, _ in done):
        notes.append("* stopped short of the tolerance; raise --max-steps.")
    return notes


def _table(first: str, *others: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, header_style="bold", show_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _print(table: Table, notes: list[str]) -> None:
    console = Console(highlight=False)
    console.width = max(console.width, _NARROWEST)
    console.print(table)
    console.print()
    for note in notes:
        console.print(label(note), markup=False, emoji=False)
