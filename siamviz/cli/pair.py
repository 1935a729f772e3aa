"""``siamviz explain``: the picture of one pair, in the terminal and in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siamviz.cli import options
from siamviz.cli.running import (
    FAILED,
    explaining,
    failures_told,
    print_json,
    quiet,
    tell,
    to_stderr,
)

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_PICTURE = "Picture"

Unit = Annotated[
    str,
    typer.Option(
        "--unit",
        "-u",
        metavar="NAME",
        rich_help_panel=_PICTURE,
        help="Sum the tokens' effects by token, word or sentence.",
    ),
]
Fold = Annotated[
    bool,
    typer.Option(
        "--fold",
        rich_help_panel=_PICTURE,
        help="Give each token its share of the reference, so that the pairs alone sum to the "
        "score.",
    ),
]
Top = Annotated[
    int,
    typer.Option(
        "--top", min=1, rich_help_panel=_PICTURE, help="List this many of the strongest pairs."
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        rich_help_panel="Output",
        help="Write the interactive picture as a self-contained page.",
        show_default=False,
    ),
]
Save = Annotated[
    list[Path] | None,
    typer.Option(
        "--save",
        "-o",
        metavar="FILE",
        rich_help_panel="Output",
        help="Write a file; its suffix chooses the format: .html, .svg, .pdf, .png, .tex, .json or "
        ".csv. Can be repeated.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", rich_help_panel="Output", help="Fail if the tolerance is not reached."
    ),
]


@options.with_groups
def explain(
    a: options.TextA,
    b: options.TextB,
    subject: options.Subject,
    integration: options.Integration,
    unit: Unit = "word",
    fold: Fold = False,
    top: Top = 10,
    html: Html = None,
    save: Save = None,
    json: options.Json = False,
    strict: Strict = False,
) -> None:
    """Explain why the encoder finds the texts A and B similar.

    Prints both texts coloured by their effects, the matrix of pairs, and the ledger: the terms
    that the score is the sum of, numerical error included.
    """
    with failures_told(), quiet():
        quadrature = integration.quadrature()
        files = _checked_files(html, save or [])
        options.check_names(precision=integration.precision, unit=unit)
        with explaining(subject.model, "Explaining") as (explainer, bar):
            found = explainer.explain(
                a, b, layer=subject.layer, baseline=subject.baseline,
                similarity=subject.similarity, quadrature=quadrature,
                precision=integration.precision, strict=strict, progress=bar.report,
            )  # fmt: skip
        _show((found.fold() if fold else found).by(unit), top, json)
        _write(found, files, unit, fold)


def _checked_files(html: Path | None, save: list[Path]) -> list[Path]:
    """Return the files to write, none of which can fail for a reason that is known now."""
    from siamviz.export.save import check_target

    if html is not None and html.suffix.lower() != ".html":
        raise typer.BadParameter(
            f"{str(html)!r} does not end in .html. For another format use --save.",
            param_hint="--html",
        )
    files = [*([] if html is None else [html]), *save]
    for file in files:
        check_target(file)
    return files


def _show(pair: PairAttribution, top: int, json: bool) -> None:
    if json:
        print_json(pair.to_dict())
        return
    from siamviz.export.terminal import render

    render(pair, top=top)


def _write(pair: PairAttribution, files: list[Path], unit: str, fold: bool) -> None:
    for file in files:
        try:
            pair.save(file, unit=unit, folded=fold)
        except OSError as error:
            tell(f"Cannot write {str(file)!r}: {error.strerror or error}.")
            raise typer.Exit(FAILED) from error
        to_stderr().print(f"Wrote {file}", markup=False)
