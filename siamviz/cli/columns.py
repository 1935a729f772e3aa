"""Options of commands that read scored pairs: which columns are what."""

from __future__ import annotations

from typing import Annotated

import typer

DATA = "Pairs"

TextColumnA = Annotated[
    str | None,
    typer.Option("--text-a", metavar="COLUMN", rich_help_panel=DATA, help="The first text."),
]
TextColumnB = Annotated[
    str | None,
    typer.Option("--text-b", metavar="COLUMN", rich_help_panel=DATA, help="The second text."),
]
Gold = Annotated[
    str | None,
    typer.Option("--gold", metavar="COLUMN", rich_help_panel=DATA, help="The gold score."),
]
GoldRange = Annotated[
    tuple[float, float] | None,
    typer.Option(
        "--gold-range", metavar="LOW HIGH", rich_help_panel=DATA,
        help="The scale of the gold scores; without it they must lie between 0 and 1.",
    ),
]  # fmt: skip
