"""The command line: ``siamviz explain``, ``analyze``, ``report`` and others."""

from __future__ import annotations

from typing import Annotated

import typer

from siamviz import __version__
from siamviz.cli.catalogue import models
from siamviz.cli.exact import exact
from siamviz.cli.pair import explain
from siamviz.cli.running import forgive_encoding
from siamviz.cli.study import analyze, report
from siamviz.cli.tables import baselines, convergence

app = typer.Typer(
    name="siamviz",
    help="Show why a sentence encoder finds two texts similar, token pair by token pair.",
    epilog='Start with: siamviz explain "A cat sleeps." "The kitten naps."',
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Prepare what all commands share."""
    forgive_encoding()
    if version:
        typer.echo(f"siamviz {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for _command in (explain, convergence, baselines, analyze, report, exact, models):
    app.command()(_command)
