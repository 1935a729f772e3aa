"""The two parts of the explorer that siamviz draws itself: the board and the list of pairs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
from traitlets import TraitError, Unicode

from siamviz.errors import SiamvizError
from siamviz.export.bundle import EXPLORER
from siamviz.study.figures import require_bokeh
from siamviz.widgets import choices
from siamviz.widgets.choices import Setting
from siamviz.widgets.jobs import sentence
from siamviz.widgets.messages import MessageError, answerable

logger = logging.getLogger("siamviz")
Answer = tuple[dict[str, Any], list[bytes]]


class Panel(anywidget.AnyWidget):
    """A part of the explorer: it tells the front end what there is, and passes on what is asked.

    Parameters
    ----------
    part : {"board", "list"}
    ask : callable
        Given the kind and the body of a message, does what it asks and returns the answer.
    """

    if EXPLORER.built():
        _esm = EXPLORER.module()
        _css = EXPLORER.sheet()

    theme = Setting(
        "auto", choices.one_of(*choices.THEMES), 'The colours: "auto" follows the notebook.'
    )
    _part = Unicode(read_only=True).tag(sync=True)
    _bokeh = Unicode(read_only=True).tag(sync=True)

    def __init__(self, part: str, ask: Callable[[str, Mapping[str, Any]], Answer], theme: str):
        self._ask = ask
        self._told: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self.set_trait("_part", part)
        self.set_trait("_bokeh", str(require_bokeh().__version__))
        super().__init__(theme=theme, layout={"width": "100%"})
        self.on_msg(lambda _, content, __: self.answer(content))

    def tell(self, *events: dict[str, Any]) -> None:
        """Send events, and keep the last of each kind for views that open later."""
        with self._lock:
            for event in events:
                if event["kind"] not in ("failed", "tagged"):
                    self._told[event["kind"]] = event
                self.send(event)

    def answer(self, content: Any) -> None:
        """Do what a message of the front end asks, and say so or why not."""
        try:
            if not answerable(content) or not isinstance(content.get("kind"), str):
                raise MessageError(f"A message of the explorer has no id or kind: {content!r:.80}.")
            told, buffers = self._answer(content["kind"], content)
            self.send({"id": content["id"], "ok": True, **told}, buffers)
        except Exception as error:
            if not isinstance(error, SiamvizError | TraitError):
                logger.exception("A message of the explorer could not be answered")
            known = (
                {"id": content["id"], "ok": False} if answerable(content) else {"kind": "failed"}
            )
            self.send({**known, "error": sentence(error)})

    def _answer(self, kind: str, content: Mapping[str, Any]) -> Answer:
        if kind != "hello":
            return self._ask(kind, content)
        with self._lock:
            for event in self._told.values():
                self.send(event)
        return {}, []
