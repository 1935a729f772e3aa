"""The command line: ``siamviz explain``, ``convergence``, ``baselines`` and ``models``."""

from __future__ import annotations

from typing import Annotated

import typer

from siamviz import __version__
from siamviz.cli.catalogue import models
from siamviz.cli.pair import explain
from siamviz.cli.running import forgive_encoding
from siamviz.cli.tables import baselines, convergence

app = typer.Typer(
    name="siamviz",
    help="Show why a sentence encoder finds two texts similar, token pair by token pair.",
    epilog='Start with: siamviz explain "A cat sleeps." "The kitten naps."',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"siamviz {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Prepare what all commands share."""
    forgive_encoding()


for _command in (explain, convergence, baselines, models):
    app.command()(_command)
