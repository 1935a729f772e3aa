"""A stand-in for the browser's end of a widget: it keeps what is sent and can answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from comm.base_comm import BaseComm
from frames import unpack

from siamviz.attribution import PairAttribution

A, B = "The dog runs.", "A cat sleeps in the yard."
CHEAP = {"rule": "gauss-legendre", "steps": 4, "layer": 4}
PATIENCE = 120.0


class FrontEnd(BaseComm):
    """A comm whose other end is the test."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.threads: list[str] = []
        self._arrived = threading.Condition()
        self._ids = 0
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys) -> None:
        with self._arrived:
            self.sent.append((data or {}, list(buffers or [])))
            self.threads.append(threading.current_thread().name)
            self._arrived.notify_all()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The custom messages so far."""
        return [data["content"] for data, _ in list(self.sent) if data.get("method") == "custom"]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind so far."""
        return [message for message in self.messages if message.get("kind") == kind]

    def frames(self, slot: str = "main") -> list[tuple[dict[str, Any], dict[str, Any], Any]]:
        """The frames so far: message, header and arrays."""
        return [
            (data["content"], *unpack(bytes(buffers[0])))
            for data, buffers in list(self.sent)
            if data.get("method") == "custom" and data["content"].get("slot") == slot
        ]

    def updates(self, name: str) -> list[Any]:
        """The values of one trait that were sent, bytes among them."""
        updates = [(data, b) for data, b in list(self.sent) if data.get("method") == "update"]
        values = [data["state"][name] for data, _ in updates if name in data["state"]]
        places = [
            (data["buffer_paths"].index([name]), buffers)
            for data, buffers in updates
            if [name] in data["buffer_paths"]
        ]
        return values + [bytes(buffers[place]) for place, buffers in places]

    def ask(self, kind: str, **body: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        self._ids += 1
        self.tell({"id": self._ids, "kind": kind, **body})
        return next(m for m in self.messages if m.get("id") == self._ids)

    def tell(self, content: Any) -> None:
        self._receive({"method": "custom", "content": content})

    def set(self, **traits: Any) -> None:
        self._receive({"method": "update", "state": traits, "buffer_paths": []})

    def wait(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Wait for an event and return it."""

        def found() -> list[dict[str, Any]]:
            return [m for m in self.of_kind(kind) if fields.items() <= m.items()]

        self.wait_for(found)
        return found()[0]

    def wait_for(self, condition: Callable[[], Any]) -> None:
        """Wait until something holds of what was sent."""
        with self._arrived:
            assert self._arrived.wait_for(condition, PATIENCE), self.messages

    def _receive(self, data: dict[str, Any]) -> None:
        self.handle_msg({"content": {"data": data}, "buffers": []})


def explained(explainer, layer=4, steps=4, **options) -> PairAttribution:
    """What a view with the settings `CHEAP` must show, asked for plainly."""
    options = {"quadrature": "gauss-legendre", "steps": steps, **options}
    return explainer.explain(A, B, layer=layer, **options)
