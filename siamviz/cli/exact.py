"""``siamviz exact``: from a sentence encoder to one whose token pairs alone sum to the score."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siamviz.cli import options
from siamviz.cli.columns import DATA, Gold, GoldRange, TextColumnA, TextColumnB
from siamviz.cli.running import failures_told, print_json, quiet, resumable

if TYPE_CHECKING:
    from siamviz.exact import Tuning

_TRAINING = "Training"

Train = Annotated[
    Path,
    typer.Option(
        "--train", metavar="FILE", rich_help_panel=DATA, show_default=False,
        help="Pairs with gold scores to train on: .csv, .tsv, .jsonl or .parquet.",
    ),
]  # fmt: skip
Dev = Annotated[
    Path | None,
    typer.Option("--dev", metavar="FILE", rich_help_panel=DATA, help="Others, to measure with."),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="DIR", help="Where the exact model is saved.", show_default=False,
        rich_help_panel="Output",
    ),
]  # fmt: skip
Epochs = Annotated[int, typer.Option("--epochs", rich_help_panel=_TRAINING, help="Passes.")]
Similarity = Annotated[
    str,
    typer.Option("--similarity", metavar="NAME", rich_help_panel=_TRAINING, help="cosine or dot."),
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", rich_help_panel=_TRAINING, help="Pairs of a step.")
]
LearningRate = Annotated[
    float, typer.Option("--learning-rate", rich_help_panel=_TRAINING, help="The highest one.")
]
Seed = Annotated[int, typer.Option("--seed", rich_help_panel=_TRAINING, help="Of the order.")]


def exact(
    train: Train,
    out: Out,
    model: options.Model = options.MODEL,
    dev: Dev = None,
    text_a: TextColumnA = None,
    text_b: TextColumnB = None,
    gold: Gold = None,
    gold_range: GoldRange = None,
    epochs: Epochs = 1,
    similarity: Similarity = "cosine",
    batch_size: BatchSize = 16,
    learning_rate: LearningRate = 2e-5,
    seed: Seed = 0,
    json: options.Json = False,
) -> None:
    """Make a model exact: subtract the reference of the same length, and fine-tune it briefly.

    The same command goes on from the last checkpoint after a kill or Ctrl-C.
    """
    with failures_told(), quiet():
        from siamviz.exact.shifting import shift
        from siamviz.exact.storage import check_vacant, save
        from siamviz.exact.training import finetune

        out = check_vacant(out)
        checkpoints = out.with_name(f"{out.name}.training")
        made = shift(model)
        with resumable(f"The last checkpoint is kept in {str(checkpoints)!r}"):
            tuning = finetune(
                made, train, dev, epochs=epochs, similarity=similarity, text_a=text_a,
                text_b=text_b, gold=gold, gold_range=gold_range, batch_size=batch_size,
                learning_rate=learning_rate, seed=seed, checkpoints=checkpoints,
            )  # fmt: skip
        save(made, out)
        shutil.rmtree(checkpoints)
        _tell(tuning, out, json)


def _tell(tuning: Tuning, out: Path, json: bool) -> None:
    scores = [{"epoch": one.epoch, "spearman": one.spearman} for one in tuning.scores]
    if json:
        counts = {"pairs": tuning.pairs, "unusable": tuning.unusable, "steps": tuning.steps}
        print_json({"folder": str(out), **counts, "scores": scores})
        return
    typer.echo(f"Trained on {tuning.pairs:,} pairs in {tuning.steps:,} steps.")
    for one in tuning.scores:
        when = f"after epoch {one.epoch}" if one.epoch else "shifted, before training"
        typer.echo(f"Spearman {when}: {one.spearman:.4f}")
    typer.echo(f"Saved {out}. Use it: siamviz explain --model {out} A B")
