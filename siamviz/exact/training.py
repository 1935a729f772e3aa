"""Fine-tuning of exact models with sentence-transformers' own trainer."""

from __future__ import annotations

import copy
import json
import math
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sentence_transformers.sentence_transformer.modules import Normalize

from siamviz import models
from siamviz.encoder import Encoder
from siamviz.errors import ArgumentTypeError, InvalidArgumentError
from siamviz.exact.course import Course, Score
from siamviz.exact.scored import ScoredPairs
from siamviz.exact.trainer import make_trainer
from siamviz.files import write_json
from siamviz.reference_shift import shift_of
from siamviz.study.columns import GoldRange
from siamviz.study.console import listening
from siamviz.study.progress import Listener, Note
from siamviz.terms import check_similarity

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SETTINGS = "finetune.json"
_SAMPLE = 256
"""Texts whose embeddings say how long embeddings are."""


@dataclass(frozen=True)
class Tuning:
    """How a fine-tuning went.

    Attributes
    ----------
    scores : tuple of Score
        Before training and after each epoch; empty without dev pairs.
    pairs, steps : int
        Training pairs, and steps of the optimiser in all.
    unusable : int
        Records of the training data that were left out.
    """

    scores: tuple[Score, ...]
    pairs: int
    steps: int
    unusable: int


def finetune(
    model: SentenceTransformer,
    train: Any,
    dev: Any = None,
    *,
    epochs: int = 1,
    similarity: str = "cosine",
    text_a: str | None = None,
    text_b: str | None = None,
    gold: str | None = None,
    gold_range: tuple[float, float] | None = None,
    batch_size: int = 16,
    learning_rate: float = 2e-5,
    seed: int = 0,
    checkpoints: str | Path | None = None,
    progress: Listener | bool = True,
) -> Tuning:
    """Train a model in place to give pairs of texts the similarity that their gold scores say.

    The loss is the mean squared difference of similarity and gold score. References run in the
    same step, with gradient and without dropout. Models without a reference shift are trained
    alike, to compare with.

    Parameters
    ----------
    model : SentenceTransformer
        From `siamviz.exact.shift`.
    train, dev : path, pandas or polars DataFrame, Arrow table, Hugging Face dataset, list of dicts
        Scored pairs. `dev` is for measuring only.
    epochs : int
    similarity : {"cosine", "dot"}
        For dot products a final Normalize is removed, and embeddings are scaled so that those of
        the training texts have the mean square norm 1 at first.
    text_a, text_b, gold, gold_range
        As in `siamviz.analyze`.
    batch_size, learning_rate, seed
        The rate rises over the first tenth of the steps and falls to 0, both linearly.
    checkpoints : str or path, optional
        A folder in which the trainer keeps its latest checkpoint: the same call goes on from there
        after a kill or Ctrl-C, and gives what it would have given. A model whose training does not
        end is left as it was.
    progress : bool or callable
        Show a bar, or call it as `siamviz.analyze` does.

    Raises
    ------
    DataError
        For data that cannot be read or has no gold scores.
    InvalidArgumentError
        For values that make no sense, and a folder with checkpoints of other settings.
    ImportError
        Without ``pip install 'siamviz[train]'``.
    """
    check_similarity(similarity)
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        _check_count(name, value, 1)
    _check_count("seed", seed, 0)
    _check_rate(learning_rate)
    scale = None if gold_range is None else GoldRange(*gold_range)
    columns = (text_a, text_b, gold)
    pairs = ScoredPairs.read(train, columns, scale, "training")
    measured = None if dev is None else ScoredPairs.read(dev, columns, scale, "dev")
    _require_trainer()
    begun = Encoder(model)
    asked = {
        "epochs": epochs, "similarity": similarity, "batch_size": batch_size,
        "learning_rate": learning_rate, "seed": seed, "pairs": pairs.digest,
        "dev": None if measured is None else measured.digest,
        "model": f"{begun.digest()} {begun.configuration()}",
    }  # fmt: skip
    with (
        listening(progress) as listener,
        _folder(checkpoints, asked) as folder,
        _as_it_was_on_failure(model),
    ):
        if listener and pairs.unusable:
            listener(Note(f"{pairs.unusable:,} records of the training data cannot be used."))
        factor = _use_similarity(model, similarity, pairs)
        keep = checkpoints is not None
        course = Course(similarity, batch_size, measured, listener, keep)
        trainer = make_trainer(model, pairs, folder, asked, factor, course, keep=keep)
        with models.quiet():
            trainer.train(resume_from_checkpoint=_last_checkpoint(folder))
    return Tuning(course.scores, len(pairs.gold), trainer.state.global_step, pairs.unusable)


@contextmanager
def _as_it_was_on_failure(model: Any) -> Generator[None]:
    """Take back a training that does not end, so that the same call can go on with it."""
    weights, children = copy.deepcopy(model.state_dict()), dict(model.named_children())
    similarity, shift = model.similarity_fn_name, shift_of(model)
    scale = None if shift is None else shift.scale
    try:
        yield
    except BaseException:
        for name, _ in list(model.named_children()):
            delattr(model, name)
        for name, child in children.items():
            model.add_module(name, child)
        model.similarity_fn_name = similarity
        if shift is not None and scale is not None:
            shift.scale = scale
        model.load_state_dict(weights)
        raise
    finally:
        model.zero_grad(set_to_none=True)
        model.eval()


def _use_similarity(model: Any, similarity: str, pairs: ScoredPairs) -> float:
    """Make it the model's own; returns what its similarities are multiplied by in training."""
    model.similarity_fn_name = similarity
    if similarity == "cosine":
        return 1.0
    for name, child in reversed(list(model.named_children())):
        if not isinstance(child, Normalize):
            break
        delattr(model, name)
    vectors = model.encode(pairs.a[:_SAMPLE], show_progress_bar=False)
    square = float(np.mean(np.sum(np.square(vectors, dtype=np.float64), axis=1)))
    shift = shift_of(model)
    if shift is None:
        return 1.0 / square
    shift.scale /= math.sqrt(square)
    return 1.0


def _last_checkpoint(folder: Path) -> str | None:
    """Return the latest checkpoint that is whole; those that a kill cut short are removed."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for path in reversed(found):
        if _is_whole(path):
            return str(path)
        shutil.rmtree(path)
    return None


def _is_whole(checkpoint: Path) -> bool:
    """Whether the trainer's state is there, which it writes last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def _folder(checkpoints: str | Path | None, asked: dict[str, Any]) -> Generator[Path]:
    """Give the folder of the checkpoints of just these settings."""
    if checkpoints is None:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)
        return
    folder = Path(checkpoints).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    noted = folder / _SETTINGS
    if noted.is_file():
        before = json.loads(noted.read_text("utf-8"))
        other = [name for name in asked if before.get(name) != asked[name]]
        if other:
            raise InvalidArgumentError(
                f"{str(folder)!r} holds the checkpoints of a training with other "
                f"{' and '.join(other)}. Give another folder, or delete this one to begin anew."
            )
    elif any(folder.iterdir()):
        raise InvalidArgumentError(
            f"{str(folder)!r} holds something that is no training of siamviz. Give a new or an "
            "empty folder."
        )
    write_json(noted, asked)
    yield folder


def _require_trainer() -> None:
    for name in ("accelerate", "datasets"):
        if find_spec(name) is None:
            raise ImportError(
                f"Training needs {name}, which is not installed. Install it with: "
                "pip install 'siamviz[train]'"
            )


def _check_count(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(f"{name} must be a whole number, got {value!r:.60}.")
    if value < least:
        raise InvalidArgumentError(f"{name} must be at least {least}, got {value}.")


def _check_rate(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentTypeError(f"learning_rate must be a number, got {value!r:.60}.")
    if not 0 < value < math.inf:
        raise InvalidArgumentError(
            f"learning_rate must be above 0 and finite, got {value}. Usual are 1e-5 to 5e-5."
        )
