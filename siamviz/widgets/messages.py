"""What the front end may ask of a view, checked: ``{id, kind, …}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from siamviz.errors import InvalidArgumentError, check_choice, suggest

KINDS = ("hello", "compute", "cancel", "export", "capture")
FORMATS = {
    "html": "text/html",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
    "tex": "application/x-tex",
    "csv": "text/csv",
    "json": "application/json",
}
"""What can be exported, and its MIME type."""


class MessageError(InvalidArgumentError):
    """A message of the front end does not follow the protocol."""


@dataclass(frozen=True)
class Asked:
    """One message; the answer carries the same `id`."""

    id: int | str
    kind: str
    body: Mapping[str, Any]

    def settings(self, known: list[str]) -> dict[str, Any]:
        """Return the settings to compute with, by name; raise for one that is not `known`."""
        given = self.body.get("settings", {})
        if not isinstance(given, Mapping):
            raise MessageError(f"The settings of a computation are no object: {given!r:.60}.")
        for name in given:
            if name not in known:
                raise MessageError(
                    f"{name!r:.60} is no setting of a computation. There are {', '.join(known)}."
                    f"{suggest(name, known)}"
                )
        return dict(given)

    def format(self) -> str:
        """Return the format to export to."""
        return check_choice("Format", self.body.get("format"), FORMATS)


def parse(content: Any) -> Asked:
    """Return a message of the front end.

    Raises
    ------
    MessageError
        If it has no `id` to answer to, or is of an unknown kind.
    """
    if not answerable(content):
        raise MessageError(f"A message of the view has no id to answer to: {content!r:.80}.")
    kind = content.get("kind")
    if kind not in KINDS:
        listed = ", ".join(map(repr, KINDS))
        raise MessageError(
            f"A message of the view is of the unknown kind {kind!r:.40}. There are {listed}."
        )
    return Asked(content["id"], kind, content)


def answerable(content: Any) -> bool:
    """Whether a message has an `id` by which the front end would know the answer."""
    known = content.get("id") if isinstance(content, Mapping) else None
    return isinstance(known, int | str) and not isinstance(known, bool)
