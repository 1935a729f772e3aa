"""`analyze`: from a dataset of scored pairs to a run that can be asked questions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.errors import CancelledError, InvalidArgumentError, check_choice
from siamviz.models import DEFAULT_MODEL
from siamviz.monitor import Monitor
from siamviz.study import runner
from siamviz.study.annotation import annotate
from siamviz.study.columns import GoldRange, choose_columns
from siamviz.study.console import listening
from siamviz.study.linguistics import Pipeline
from siamviz.study.picking import Picks
from siamviz.study.progress import Listener
from siamviz.study.run import Run
from siamviz.study.runner import Engine, Job, Local, score
from siamviz.study.runner import attribute as attribute_picked
from siamviz.study.settings import settle
from siamviz.study.shards import Shards
from siamviz.study.sources import source
from siamviz.study.store import Store, check_folder, lock
from siamviz.study.survey import stored_names, survey

if TYPE_CHECKING:
    from siamviz.explainer import Cancel, Explainer
    from siamviz.quadrature import Rule


_REASONS = 3


def analyze(
    data: Any,
    *,
    out: str | Path,
    model: str | Explainer | Any = DEFAULT_MODEL,
    text_a: str | None = None,
    text_b: str | None = None,
    gold: str | None = None,
    gold_range: tuple[float, float] | None = None,
    encoding: str = "utf-8",
    header: bool | None = None,
    layer: int = 0,
    baseline: str = "pad",
    quadrature: Rule | str | None = None,
    steps: int | None = None,
    precision: str = "auto",
    similarity: str | None = None,
    prompt_a: str | None = None,
    prompt_b: str | None = None,
    task_a: str | None = None,
    task_b: str | None = None,
    attribute: str = "all",
    limit: int | None = None,
    control: int = 0,
    seed: int = 0,
    linguistics: Any = None,
    engine: str = "local",
    address: str | None = None,
    workers: int | None = None,
    progress: Listener | bool = True,
    cancel: Cancel = None,
) -> Run:
    """Score pairs of texts, and attribute the scores to pairs of their tokens and words.

    The run is kept in the folder `out` as it goes on, in parts: called again with the same
    arguments after a kill, a power cut or Ctrl-C, it goes on where it was. Other settings or other
    pairs make a new run; the former one is kept in ``out/earlier`` and comes back when it is
    asked for.

    Parameters
    ----------
    data : path, pandas or polars DataFrame, Arrow table, Hugging Face dataset, list of dicts
        See `siamviz.study.sources.source` for files.
    out : str or path
        The run's folder.
    model : str, path, SentenceTransformer or Explainer
    text_a, text_b, gold : str, optional
        Columns; those not given are guessed, and the guesses are told.
    gold_range : (float, float), optional
        The scale of the gold scores, moved to 0 … 1. Without it they must lie there already.
    encoding, header
        Of a text file.
    layer, baseline, quadrature, steps, precision, similarity
        As in `Explainer.explain`; by default a calibrated rule of 11 steps, at which 95 % of
        sentences have a relative residual of at most 2e-2. The baseline is a name or a text.
    prompt_a, prompt_b, task_a, task_b : str, optional
        As in `Explainer.explain`.
    attribute : str
        Which pairs to attribute: "all", "none", "errors" (largest ``|score − gold|``), or an SQL
        condition over the pairs, such as ``"gold < 0.3 and score > 0.7"``. All are scored.
    limit : int, optional
        Attribute at most so many of them; for "errors" 500 unless given.
    control : int
        Attribute so many of the others, drawn at random, to compare with.
    seed : int
        Of that draw.
    linguistics : str or spaCy pipeline, optional
        Annotate the words with it, as `Run.annotate` does.
    engine : {"local", "ray"}
        Attribute in this process, or on the CPUs of a Ray cluster with the same results. All of
        its machines need siamviz, and the folder `out` at the same path; `model` must be a name or
        a folder.
    address : str, optional
        Of a Ray cluster. Default: the one that this process is connected to, that ``RAY_ADDRESS``
        names or this machine runs, else one of this machine for as long as the run takes.
    workers : int, optional
        Processes on a Ray cluster; default: one for every two CPUs.
    progress : bool or callable
        Show bars, or call it with each `siamviz.study.progress.Note` and `Step`.
    cancel : threading.Event or callable, optional
        Set, or returning True, stops within one batch of nodes.

    Returns
    -------
    Run

    Raises
    ------
    DataError
        For data that cannot be read, and a folder that another process works on. Single bad
        records are kept with their reason, and counted.
    InvalidArgumentError, ArgumentTypeError, ModelNotFoundError, CancelledError
    ImportError
        For ``engine="ray"`` without Ray: ``pip install 'siamviz[ray]'``.
    """
    folder = Path(out).expanduser()
    check_folder(folder)
    started = _engine(engine, model, address, workers)
    records = source(data, encoding=encoding, header=header)
    columns = choose_columns(records, text_a, text_b, gold)
    scale = None if gold_range is None else GoldRange(*gold_range)
    picks = Picks(attribute, limit, control, seed)
    pipeline = None if linguistics is None else Pipeline(linguistics)
    explainer = as_explainer(model)
    settings = settle(
        explainer, layer=layer, baseline=baseline, quadrature=quadrature, steps=steps,
        precision=precision, similarity=similarity, prompt_a=prompt_a, prompt_b=prompt_b,
        task_a=task_a, task_b=task_b,
    )  # fmt: skip
    found = survey(records, columns)
    names = stored_names(columns)
    described = {
        "name": records.name,
        "digest": found.digest,
        "records": found.records,
        "columns": {"text_a": columns.text_a, "text_b": columns.text_b, "gold": columns.gold},
        "guessed": list(columns.guessed),
        "gold_range": None if scale is None else [scale.low, scale.high],
        "metadata": {names[name]: kind for name, kind in found.kinds.items()},
    }
    with listening(progress) as listener, lock(folder), started as start:
        manifest = {
            "settings": settings.to_dict(),
            "input": described,
            "rows_a_part": runner.ROWS_A_PART,
            "made_with": _versions(),
        }
        store = Store.create(folder, settings.fingerprint(described), manifest)
        job = Job(store, explainer, settings, Monitor(cancel), listener)
        job.note(f"{records.name}: {columns}.")
        if store.aside is not None:
            job.note(
                "The folder held a run with other pairs or settings. It is kept in "
                f"{str(store.aside)!r} and comes back when it is asked for again."
            )
        for path in store.drop_unreadable():
            job.note(f"{path} could not be read and is computed again.")
        run = Run(folder, explainer)
        picks.check(store.connect(), columns.gold is not None)
        try:
            score(job, records, columns, scale)
            job.note(_scored(run))
            attribute_picked(job, picks, start)
            if pipeline is not None:
                annotate(store, Shards(store), pipeline, job.monitor, listener)
        except CancelledError as error:
            raise CancelledError(
                f"The run was stopped. What is finished is kept in {str(folder)!r}; the same call "
                "goes on from there."
            ) from error
    return run


def _engine(
    name: str, model: Any, address: str | None, workers: int | None
) -> AbstractContextManager[Callable[[Job], Engine]]:
    """What opens the engine of this name, and gives what starts it on a run."""
    if check_choice("engine", name, ("local", "ray")) == "local":
        if address is not None or workers is not None:
            raise InvalidArgumentError(
                "address and workers say which Ray cluster to use and how. Add engine='ray', or "
                "leave them out."
            )
        return nullcontext(Local)
    from siamviz.study.ray_engine import connected

    return connected(model, address, workers)


def as_explainer(model: Any) -> Explainer:
    """Return an explainer of a model given as such, by name, or loaded."""
    from siamviz.explainer import Explainer

    return model if isinstance(model, Explainer) else Explainer(model)


def _scored(run: Run) -> str:
    """How many pairs are scored, and why others are not, as a sentence."""
    counts = run.counts()
    said = f"{counts['scored']:,} of {counts['pairs']:,} pairs scored"
    but = [f"{counts[name]:,} {name}" for name in ("unusable", "failed") if counts[name]]
    if not but:
        return f"{said}."
    reasons = run.reasons().head(_REASONS)
    listed = "; ".join(f"{n:,} × {error}" for error, n in reasons.itertuples(index=False))
    return f"{said} ({' and '.join(but)}; the column 'error' says why): {listed}."


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("siamviz", "torch", "sentence-transformers")}
