"""sentence-transformers' trainer, set up so that a training can go on after any stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

from siamviz.exact.course import Course
from siamviz.exact.scored import ScoredPairs

if TYPE_CHECKING:
    from torch import Tensor

_SAVES = 20
"""Checkpoints of one training; the last one is kept."""
_WARMUP = 0.1


class _Order(DefaultBatchSampler):
    """Batches in an order that depends on seed and epoch only, not on what ran before."""

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch)
        order = torch.randperm(len(self.sampler), generator=generator)  # pyright: ignore[reportArgumentType]
        yield from (part.tolist() for part in order.split(self.batch_size))


class _DotLoss(CosineSimilarityLoss):
    """The mean squared difference of dot products, times a factor, and gold scores."""

    def __init__(self, model: Any, factor: float) -> None:
        super().__init__(model)
        self._factor = factor

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the loss of the embeddings of both texts, each (B, D)."""
        a, b = embeddings
        return self.loss_fct(self._factor * (a * b).sum(-1), labels.float().view(-1))


def make_trainer(
    model: Any,
    pairs: ScoredPairs,
    folder: Path,
    asked: Mapping[str, Any],
    factor: float,
    course: Course,
    *,
    keep: bool,
) -> Any:
    """Return a trainer that makes similarities, times `factor`, follow gold scores.

    Parameters
    ----------
    model : SentenceTransformer
    pairs : ScoredPairs
    folder : Path
        For checkpoints, if these are to be kept.
    asked : mapping
        The arguments of `siamviz.exact.finetune`.
    factor : float
    course : Course
    keep : bool
    """
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer as Trainer
    from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
    from transformers import PrinterCallback

    arguments = Arguments(
        output_dir=str(folder),
        num_train_epochs=asked["epochs"],
        per_device_train_batch_size=asked["batch_size"],
        learning_rate=asked["learning_rate"],
        warmup_steps=_WARMUP,
        seed=asked["seed"],
        batch_sampler=_Order,
        save_strategy="steps" if keep else "no",
        save_steps=1 / _SAVES,
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=model.device.type == "cpu",
        dataloader_pin_memory=False,
    )
    columns = {"a": pairs.a, "b": pairs.b, "score": pairs.gold}
    dots = asked["similarity"] == "dot"
    loss = _DotLoss(model, factor) if dots else CosineSimilarityLoss(model)
    model.model_card_data.generate_widget_examples = False
    trainer = Trainer(model, arguments, Dataset.from_dict(columns), loss=loss, callbacks=[course])
    trainer.remove_callback(PrinterCallback)
    return trainer
