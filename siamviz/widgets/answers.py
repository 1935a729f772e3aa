"""Answering the front end's messages: each is answered by its id, whatever goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from traitlets import TraitError

from siamviz.errors import InvalidArgumentError, SiamvizError
from siamviz.widgets import messages
from siamviz.widgets.jobs import Jobs, sentence
from siamviz.widgets.messages import Asked
from siamviz.widgets.request import Request

logger = logging.getLogger("siamviz")


class Answers:
    """One view's side of the conversation.

    Parameters
    ----------
    send : callable
        Sends a message, with buffers or without.
    jobs : Jobs or None
        None where there is no model.
    apply : callable
        Sets traits of a computation, by name, and returns what they ask for.
    settings : callable
        The traits of a computation as the front end knows them, by name.
    export : callable
        The content of a file in one of `messages.FORMATS`.
    capture : callable
        Adds what is shown to a story, and says to which.
    """

    def __init__(
        self,
        send: Callable[..., None],
        jobs: Jobs | None,
        apply: Callable[[dict[str, Any]], Request],
        settings: Callable[[], dict[str, Any]],
        export: Callable[[str], bytes],
        capture: Callable[[], str],
    ) -> None:
        self._send, self._jobs, self._apply = send, jobs, apply
        self._settings, self._export_as = settings, export
        self._capture_as = capture
        self._handlers: dict[str, Callable[[Asked], None]] = {
            "hello": self._hello,
            "compute": self._compute,
            "cancel": self._cancel,
            "export": self._export,
            "capture": self._capture,
        }

    def answer(self, content: Any) -> None:
        """Do what a message asks, and say so or why not."""
        try:
            asked = messages.parse(content)
            self._handlers[asked.kind](asked)
        except Exception as error:
            if not isinstance(error, SiamvizError | TraitError):
                logger.exception("A message of the front end could not be answered")
            self._refuse(content, sentence(error))

    def _refuse(self, content: Any, error: str) -> None:
        if messages.answerable(content):
            self._send({"id": content["id"], "ok": False, "error": error})
        else:
            self._send({"kind": "failed", "job": None, "error": error})

    def _hello(self, asked: Asked) -> None:
        jobs = self._jobs
        running = jobs is not None and jobs.running
        job = jobs.latest.number if jobs is not None and jobs.latest is not None else None
        told = {"job": job, "running": running, "live": jobs is not None}
        self._send({"id": asked.id, "ok": True, **told})
        if jobs is not None and running:
            jobs.resend()

    def _compute(self, asked: Asked) -> None:
        """Answer before the job starts, so that nothing of it comes before the answer."""
        settings = asked.settings(list(self._settings()))
        if self._jobs is None:
            raise InvalidArgumentError("This view has no model, so nothing can be computed anew.")
        job, new = self._jobs.prepare(self._apply(settings), retry=True)
        running = new or self._jobs.running
        self._send({"id": asked.id, "ok": True, "job": job.number, "running": running})
        if new:
            self._jobs.start(job, self._settings())
        else:
            self._jobs.resend()

    def _cancel(self, asked: Asked) -> None:
        job = None if self._jobs is None else self._jobs.cancel()
        self._send({"id": asked.id, "ok": True, "job": job})

    def _export(self, asked: Asked) -> None:
        kind = asked.format()
        content = self._export_as(kind)
        told = {"name": f"siamviz.{kind}", "mime": messages.FORMATS[kind]}
        self._send({"id": asked.id, "ok": True, **told}, [content])

    def _capture(self, asked: Asked) -> None:
        self._send({"id": asked.id, "ok": True, "name": self._capture_as()})
