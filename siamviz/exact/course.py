"""How a training goes on: its bar, and what it reaches after each epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from transformers import TrainerCallback

from siamviz.agreement import correlation, ranks
from siamviz.exact.scored import ScoredPairs
from siamviz.study.progress import Listener, Stage
from siamviz.terms import similarities

_LOGGED = "siamviz_spearman"


@dataclass(frozen=True)
class Score:
    """Spearman's correlation with the gold scores of the dev pairs.

    Attributes
    ----------
    epoch : int
        0 before training.
    spearman : float
    """

    epoch: int
    spearman: float


def spearman(model: Any, pairs: ScoredPairs, similarity: str) -> float:
    """Return the rank correlation of a model's similarities with gold scores."""
    a, b = (model.encode(side, show_progress_bar=False) for side in (pairs.a, pairs.b))
    return correlation(ranks(np.array(pairs.gold)), ranks(similarities(a, b, similarity)))


class Course(TrainerCallback):
    """Tells how far the training is, and measures it; what it measured is kept in checkpoints.

    Parameters
    ----------
    similarity : str
    batch_size : int
    dev : ScoredPairs, optional
        To measure on.
    listener : callable, optional
    keep : bool
        Whether checkpoints are kept.
    """

    def __init__(
        self,
        similarity: str,
        batch_size: int,
        dev: ScoredPairs | None,
        listener: Listener | None,
        keep: bool,
    ) -> None:
        self._keep = keep
        self._similarity, self._size, self._dev = similarity, batch_size, dev
        self._listener, self._stage = listener, Stage("training", 0, 0)
        self.scores: tuple[Score, ...] = ()

    def on_train_begin(self, _: Any, state: Any, *__: Any, model: Any, **___: Any) -> None:
        """Measure the model as it is, unless the training goes on from a checkpoint."""
        left = state.max_steps - state.global_step
        self._stage = Stage("training", left * self._size, left, self._listener)
        self._measure(state, 0, model)

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Tell how far the training is."""
        self._stage.advance(1, self._size)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Measure the model, and have the measure saved."""
        self._measure(state, round(state.epoch), kwargs["model"])
        control.should_save = self._keep

    def on_train_end(self, _: Any, state: Any, *__: Any, model: Any, **___: Any) -> None:
        """Make sure that the last epoch is measured: it may have been over before a kill."""
        self._measure(state, round(state.epoch or 0), model)

    def _measure(self, state: Any, epoch: int, model: Any) -> None:
        if self._dev is None:
            return
        known = {one["epoch"] for one in state.log_history if _LOGGED in one}
        if epoch not in known and not (epoch == 0 and state.global_step):
            found = spearman(model, self._dev, self._similarity)
            state.log_history.append({"epoch": epoch, _LOGGED: found, "step": state.global_step})
        self.scores = tuple(
            Score(one["epoch"], one[_LOGGED]) for one in state.log_history if _LOGGED in one
        )
