"""Word classes of a run's texts, written beside their contributions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from siamviz.errors import SiamvizError
from siamviz.monitor import Monitor
from siamviz.study.pairing import Side
from siamviz.study.progress import Listener, Note, Stage

if TYPE_CHECKING:
    from siamviz.study.linguistics import Pipeline
    from siamviz.study.shards import Shards
    from siamviz.study.store import Store

TEXTS_A_PART = 2048


def annotate(
    store: Store,
    shards: Shards,
    pipeline: Pipeline,
    monitor: Monitor,
    listener: Listener | None,
) -> None:
    """Write the parts of the table "linguistics" that are missing.

    What another pipeline wrote before is replaced.

    Raises
    ------
    CancelledError
        Between two parts.
    """
    described = {"pipeline": pipeline.name, "missing": list(pipeline.missing)}
    if store.manifest.get("linguistics") != described:
        store.drop("linguistics")
        store.update(linguistics=described)
    for missing in pipeline.missing:
        _note(listener, f"{missing}.")
    query = "SELECT DISTINCT text_id FROM linguistics"
    done = {text_id for (text_id,) in store.connect().execute(query).fetchall()}
    todo = iter([text_id for text_id in shards if text_id not in done])
    stage = Stage("linguistics", len(shards) - len(done), len(shards) - len(done), listener)
    while batch := list(islice(todo, TEXTS_A_PART)):
        monitor.check()
        columns, errors = _annotated(batch, shards, pipeline)
        if columns["text_id"]:
            part = store.next_part("linguistics")
            store.write("linguistics", part, store.table("linguistics", columns))
        for error in errors:
            _note(listener, error)
        stage.advance(len(batch), len(batch))


def _annotated(
    ids: Sequence[str], shards: Shards, pipeline: Pipeline
) -> tuple[dict[str, list[Any]], list[str]]:
    sides = [(one, side) for one in ids if (side := _side(shards, one)) is not None]
    spans = [side.word_spans for _, side in sides]
    found = pipeline.annotate([side.contributions.text for _, side in sides], spans)
    columns = dict(found.columns)
    texts = columns.pop("text")
    columns["text_id"] = [sides[number][0] for number in texts]
    columns["text"] = [name for _, side in sides for name in side.words[0]]
    own = [span for of_text in spans for span in of_text]
    columns["first"] = [None if span is None else span[0] for span in own]
    columns["last"] = [None if span is None else span[1] for span in own]
    return columns, [str(error) for error in found.errors.values()]


def _side(shards: Shards, text_id: str) -> Side | None:
    try:
        return Side(shards.get(text_id))
    except SiamvizError:  # a text without contributions has no word pairs either
        return None


def _note(listener: Listener | None, text: str) -> None:
    if listener is not None:
        listener(Note(text))
