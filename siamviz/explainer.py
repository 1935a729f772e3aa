"""`Explainer`: texts in, attributions out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

import numpy as np

from siamviz import models
from siamviz.arguments import (
    check_options,
    checked_pair,
    checked_texts,
    listed,
    showing_options,
)
from siamviz.attribution import PairAttribution
from siamviz.comparison import Table
from siamviz.contributions import ContributionCache, SentenceContributions
from siamviz.deletion import DeletionEffects, mixed_differences
from siamviz.direction import DirectionAttribution
from siamviz.encoder import Encoder
from siamviz.engine import Asked, Engine, last, of_one_side
from siamviz.errors import NotConvergedError, check_choice
from siamviz.grid import PairGrid
from siamviz.monitor import Monitor, Progress
from siamviz.solver import Side
from siamviz.terms import check_similarity
from siamviz.trials import compare_baselines, compare_rules

if TYPE_CHECKING:
    from siamviz.widgets.pair_view import PairView

Cancel = threading.Event | Callable[[], bool] | None


class Explainer:
    """Explains why a sentence encoder finds two texts similar.

    Parameters
    ----------
    model : str, Path or SentenceTransformer
        A name, a folder, or a loaded model, which is never changed.
    device : str, optional
        Where to compute, such as "cuda"; default: where the model is.
    cache_bytes : int
        Bytes of contributions to keep in memory.
    memory : int
        Bytes that one batch of Jacobians may take.

    Raises
    ------
    ModelNotFoundError, UnsupportedModelError, NonFiniteError, ArgumentTypeError

    Examples
    --------
    >>> explainer = Explainer("all-MiniLM-L6-v2")
    >>> pair = explainer.explain("A cat sleeps.", "The kitten naps.")
    >>> abs(pair.ledger.imbalance) < 1e-5
    True
    """

    def __init__(
        self,
        model: Any = models.DEFAULT_MODEL,
        device: str | None = None,
        *,
        cache_bytes: int = 256 * 2**20,
        memory: int = 96 * 2**20,
    ) -> None:
        named = isinstance(model, str | Path)
        models.check_device(device)
        loaded = models.load(str(model), device) if named else model
        self._encoder = Encoder(loaded, device)
        self._memory = memory
        self.name = str(model) if named else models.name_of(loaded)
        self._engine = Engine(self._encoder, self.name, cache_bytes)

    @property
    def model(self) -> Any:
        """The user's own model."""
        return self._encoder.model

    @property
    def weights(self) -> str:
        """SHA-256 of the model's weights as they are now."""
        return self._encoder.digest()

    @property
    def configuration(self) -> str:
        """SHA-256 of what embeddings depend on beside the weights, as it is now."""
        return self._encoder.configuration()

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return self._encoder.tokenizer

    @property
    def similarity(self) -> str:
        """The model's own similarity, "cosine" or "dot".

        Raises
        ------
        InvalidArgumentError
            If the model has another, which has no token pairs to attribute to.
        """
        return self._similarity(None)

    def layers(self, text: str) -> int:
        """L, the number of encoder layers that a text runs through."""
        return self._encoder.layers(self._engine.encode(text, None, None))

    def embed(
        self, texts: Sequence[str], *, prompt: str | None = None, task: str | None = None
    ) -> np.ndarray:
        """Return what ``model.encode`` does for all texts, (N, D) float32.

        Raises
        ------
        ArgumentTypeError, InvalidTextError
            For the first text that is no string, or empty.
        """
        return self._encoder.embed(texts, prompt, task)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens that the model reads of each text, special ones included, prompts not."""
        return self._encoder.lengths(texts)

    @property
    def cache(self) -> ContributionCache[Any]:
        """Results kept in memory, least recently used dropped first."""
        return self._engine.cache

    @showing_options
    def explain(
        self,
        text_a: str,
        text_b: str,
        *,
        similarity: str | None = None,
        strict: bool = False,
        progress: Progress | None = None,
        cancel: Cancel = None,
        prompt_a: str | None = None,
        prompt_b: str | None = None,
        task_a: str | None = None,
        task_b: str | None = None,
        **options: Unpack[Asked],
    ) -> PairAttribution:
        """Attribute the similarity of two texts to pairs of their tokens.

        Parameters
        ----------
        text_a, text_b : str
        similarity : {"cosine", "dot"}, optional
            Default: the model's own.
        strict : bool
            Raise instead of returning a result that did not reach its tolerance.
        progress : callable, optional
            Called with the fraction done, 0 to 1.
        cancel : threading.Event or callable, optional
            Set, or returning True, stops within one batch of nodes.
        prompt_a, prompt_b : str, optional
            Text put before each sentence, as in ``model.encode(prompt=...)``.
        task_a, task_b : {"query", "document"}, optional
            Encode like ``model.encode_query`` or ``model.encode_document``.
        **options
            `layer`, `baseline`, `quadrature`, `steps`, `precision`, `unit` and `mode`; see
            `contributions`. A tuple of two baselines gives each side its own.

        Returns
        -------
        PairAttribution

        Raises
        ------
        InvalidArgumentError, ArgumentTypeError, InvalidTextError
            For input that makes no sense; the message says what to do.
        NotConvergedError
            Only with ``strict=True``.
        CancelledError, OutOfMemoryError, ReproductionError, NonFiniteError
        """
        check_options(options, self.explain)
        monitor = Monitor(cancel, progress, self._memory)
        prompts, tasks = (prompt_a, prompt_b), (task_a, task_b)
        similarity = self._similarity(similarity)
        pair = last(
            self._engine.pairs(text_a, text_b, similarity, monitor, prompts, tasks, options)
        )
        _require_convergence(pair, strict)
        monitor.report(1.0)
        return pair

    @showing_options
    def explain_iter(
        self,
        text_a: str,
        text_b: str,
        *,
        similarity: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        memory: int | None = None,
        prompt_a: str | None = None,
        prompt_b: str | None = None,
        task_a: str | None = None,
        task_b: str | None = None,
        **options: Unpack[Asked],
    ) -> Iterator[PairAttribution]:
        """Yield ever better attributions of the pair; the last one is what `explain` returns.

        Takes what `explain` takes. A partial result has `progress` below 1 and its own residual.

        Parameters
        ----------
        memory : int, optional
            Bytes that one batch may take: smaller batches yield more often and stop sooner, and
            take longer in all. Default: the explainer's.
        """
        check_options(options, self.explain_iter)
        monitor = Monitor(cancel, progress, memory or self._memory)
        prompts, tasks = (prompt_a, prompt_b), (task_a, task_b)
        similarity = self._similarity(similarity)
        yield from self._engine.pairs(text_a, text_b, similarity, monitor, prompts, tasks, options)

    @showing_options
    def contributions(
        self,
        text: str,
        *,
        side: str = "a",
        strict: bool = False,
        prompt: str | None = None,
        task: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        **options: Unpack[Asked],
    ) -> SentenceContributions:
        """Integrated-Jacobian contributions of one text's tokens to its embedding.

        Parameters
        ----------
        text : str
        layer : int
            0 is the input of the first encoder layer, L (or −1) the output of the last.
        baseline : str, text, array, Corpus or list
            "pad" (the paper's), "pad-shifted" (its published code's position ids), "mask",
            "unk", "zero", "mean", "corpus"; a text; hidden states (S, H) or (H,); a list of
            these, averaged.
        quadrature : rule or str, optional
            Default: ``Adaptive(1e-2)``.
        steps : int, optional
            Nodes of a rule given by name.
        precision : {"auto", "float32", "float64", "bfloat16"}
            "auto" is float32 with float64 where float32 cannot resolve the path; "bfloat16" is a
            preview whose residual tells its error.
        unit : {"token", "word", "sentence"} or spans
            Larger units are computed directly, at one tangent a unit.
        side : {"a", "b"}
            Which half of a corpus the references come from.
        mode : {"auto", "forward", "reverse"}
            How Jacobian products are taken; "auto" counts the costs.
        strict : bool
            Raise `NotConvergedError` instead of returning a result short of its tolerance.
        prompt, task : str, optional
            As in ``model.encode``; task is "query" or "document".

        Returns
        -------
        SentenceContributions
        """
        check_options(options, self.contributions)
        check_choice("side", side, ("a", "b"))
        monitor = Monitor(cancel, progress, self._memory)
        made = self._engine.task(text, cast("Side", side), prompt, task, **options)
        result = self._engine.complete(made, monitor)
        _require_convergence(result, strict)
        return result

    @showing_options
    def contributions_many(
        self,
        texts: Sequence[str],
        *,
        side: str = "a",
        prompt: str | None = None,
        task: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        errors: str = "raise",
        **options: Unpack[Asked],
    ) -> list[SentenceContributions]:
        """Contributions of many texts, each distinct one computed once.

        Under a fixed rule (with `steps`, say), texts of equal token count go through the model
        together, which is faster than one at a time; results are the same up to rounding.

        Parameters
        ----------
        texts : sequence of str
        errors : {"raise", "keep"}
            Raise the error of the first text that fails, before anything is computed where the
            text itself is at fault; or keep it in the text's place of the list.
        **options
            As in `contributions`, like `side`, `prompt`, `task`, `progress` and `cancel`, which
            hold for all texts.

        Returns
        -------
        list of SentenceContributions
            In the order of `texts`; with ``errors="keep"``, a `SiamvizError` in the place of a
            text that has none.

        Raises
        ------
        InvalidArgumentError, ArgumentTypeError
            For options that make no sense.
        CancelledError
            Texts that were finished stay cached.
        InvalidTextError, NonFiniteError, ReproductionError, OutOfMemoryError
            Only with ``errors="raise"``.

        Examples
        --------
        >>> explainer = Explainer("all-MiniLM-L6-v2")
        >>> good, bad = explainer.contributions_many(
        ...     ["A cat sleeps.", ""], steps=4, layer=5, errors="keep"
        ... )
        >>> len(good.tokens), bad
        (6, InvalidTextError("text is empty (''). Give it at least one word."))
        """
        check_options(options, self.contributions_many)
        chosen = cast("Side", check_choice("side", side, ("a", "b")))
        keep = check_choice("errors", errors, ("raise", "keep")) == "keep"
        wanted = of_one_side(chosen, listed(texts, "texts", "texts"))
        monitor = Monitor(cancel, progress, self._memory)
        found = self._engine.many(wanted, monitor, prompt, task, options, keep=keep)
        return cast("list[SentenceContributions]", found)

    @showing_options
    def explain_many(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        similarity: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        **options: Unpack[Asked],
    ) -> list[PairAttribution]:
        """Explain many pairs; each distinct text (on each side of a corpus) is computed once.

        Parameters
        ----------
        pairs : sequence of (str, str)
        **options
            As in `explain`.

        Returns
        -------
        list of PairAttribution, in the order of `pairs`
        """
        check_options(options, self.explain_many)
        similarity = self._similarity(similarity)
        found = listed(pairs, "pairs", "pairs of texts")
        checked = [checked_pair(pair, i) for i, pair in enumerate(found)]
        if not checked:
            return []
        a, b = zip(*checked, strict=True)
        of_a, of_b = self._sides(a, b, progress, cancel, options)
        return [
            PairAttribution.from_contributions(of_a[one], of_b[two], similarity)
            for one, two in checked
        ]

    @showing_options
    def pairwise(
        self,
        texts_a: Sequence[str],
        texts_b: Sequence[str] | None = None,
        *,
        similarity: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel = None,
        **options: Unpack[Asked],
    ) -> PairGrid:
        """Every text of `texts_a` with every text of `texts_b` (default: the same texts).

        Returns
        -------
        PairGrid
            Indexed ``grid[i, j]``; all matrices come from one product.
        """
        check_options(options, self.pairwise)
        similarity = self._similarity(similarity)
        texts_a = checked_texts(texts_a, "texts_a")
        texts_b = texts_a if texts_b is None else checked_texts(texts_b, "texts_b")
        of_a, of_b = self._sides(texts_a, texts_b, progress, cancel, options)
        a, b = [of_a[text] for text in texts_a], [of_b[text] for text in texts_b]
        return PairGrid(a, b, similarity)

    def toward(
        self, text: str, direction: Any, *, similarity: str | None = None, **options: Any
    ) -> DirectionAttribution:
        """Explain a text's similarity with any direction (D,) in embedding space.

        Takes what `contributions` takes.
        """
        similarity = self._similarity(similarity)
        found = self.contributions(text, **options)
        return DirectionAttribution.from_contributions(found, direction, similarity)

    def deletion(
        self,
        text_a: str,
        text_b: str,
        *,
        similarity: str | None = None,
        prompt_a: str | None = None,
        prompt_b: str | None = None,
        task_a: str | None = None,
        task_b: str | None = None,
        cancel: Cancel = None,
    ) -> DeletionEffects:
        """Mixed deletion differences of the pair: an independent check, in S_a + S_b embeddings.

        M_ij = (e_a − e_a without token i) · (e_b − e_b without token j) / n.
        """
        similarity = self._similarity(similarity)
        monitor = Monitor(cancel=cancel)
        a = self._engine.deleted(text_a, prompt_a, task_a, monitor)
        b = self._engine.deleted(text_b, prompt_b, task_b, monitor)
        return mixed_differences(a, b, similarity)

    def view(self, text_a: str, text_b: str, **traits: Any) -> PairView:
        """Return an interactive view of the pair, for notebooks.

        Parameters
        ----------
        text_a, text_b : str
        **traits
            Any trait of `siamviz.PairView`, such as ``baseline="corpus"`` or ``unit="word"``.
        """
        from siamviz.widgets.pair_view import PairView

        return PairView(self, text_a, text_b, **traits)

    def compare_baselines(
        self,
        text_a: str,
        text_b: str,
        baselines: Sequence[Any] = ("pad", "mask", "unk", "zero", "mean", "corpus"),
        progress: Progress | None = None,
        **options: Any,
    ) -> Table:
        """Ledger, residual, steps and seconds of the pair under each baseline.

        A baseline that the tokenizer does not support becomes a row with its `error`.
        """
        check_options(options, self.compare_baselines, self.explain, taken="baseline")
        explain = partial(self.explain, text_a, text_b, **options)
        return compare_baselines(explain, listed(baselines, "baselines", "baselines"), progress)

    def convergence(
        self,
        text_a: str,
        text_b: str,
        steps: Sequence[int] = (4, 8, 12, 16, 24, 32),
        rules: Sequence[str] = ("calibrated", "gauss-legendre", "right-riemann"),
        progress: Progress | None = None,
        **options: Any,
    ) -> Table:
        """Residual and largest change of a cell against the number of steps, for each rule."""
        check_options(options, self.convergence, self.explain, taken="quadrature")
        steps, rules = listed(steps, "steps", "numbers"), listed(rules, "rules", "rule names")
        explain = partial(self.explain, text_a, text_b, **options)
        return compare_rules(explain, steps, rules, progress)

    def _sides(
        self,
        texts_a: Sequence[str],
        texts_b: Sequence[str],
        progress: Progress | None,
        cancel: Cancel,
        options: Mapping[str, Any],
    ) -> tuple[dict[str, SentenceContributions], dict[str, SentenceContributions]]:
        monitor = Monitor(cancel, progress, self._memory)
        return self._engine.sides(texts_a, texts_b, monitor, options)

    def _similarity(self, similarity: str | None) -> str:
        return check_similarity(self._encoder.similarity if similarity is None else similarity)


def _require_convergence(result: PairAttribution | SentenceContributions, strict: bool) -> None:
    if strict and result.converged is False:
        raise NotConvergedError(result.message or "The result did not converge.")
