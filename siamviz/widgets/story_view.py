"""`StoryView`: a story in a notebook, to order its slides and to present them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import Bool, Bytes, Int, List, Unicode

from siamviz.errors import SiamvizError
from siamviz.export.bundle import STORY
from siamviz.export.escape import visible
from siamviz.export.page import palette
from siamviz.story import storage
from siamviz.story.deck import to_list
from siamviz.widgets.jobs import sentence
from siamviz.widgets.messages import MessageError, answerable

if TYPE_CHECKING:
    from siamviz.story import Slide, Story
    from siamviz.story.slides import Recipe
    from siamviz.widgets.pair_view import PairView

logger = logging.getLogger("siamviz")


class StoryView(anywidget.AnyWidget):
    """The stage of a story, and the table on which it is put in order.

    `siamviz.Story.present` makes it; a story as the last line of a cell shows it as well.

    Parameters
    ----------
    story : Story
    start : int
        The slide shown at first, from 0.
    live : bool
        Slides that can be computed anew are views that compute.
    organising : bool
        Begin with the list of slides rather than on stage.

    Attributes
    ----------
    story : Story

    Raises
    ------
    FrontEndMissingError
        In a clone whose front end is not built.
    """

    if STORY.built():
        _esm = STORY.module()
        _css = STORY.sheet()

    _deck = Unicode(read_only=True).tag(sync=True)
    _palette = Bytes(palette(), read_only=True).tag(sync=True)
    _live = List(Unicode(), read_only=True).tag(sync=True)
    _organising = Bool(read_only=True).tag(sync=True)
    _start = Int(read_only=True).tag(sync=True)

    def __init__(
        self, story: Story, *, start: int = 0, live: bool = False, organising: bool = False
    ) -> None:
        STORY.check_built()
        self.story, self._computes = story, live
        self._views: dict[Recipe, PairView] = {}
        self.set_trait("_start", start)
        self.set_trait("_organising", organising)
        self.story_changed()
        super().__init__()
        story.observe(self)
        self.on_msg(lambda _, content, __: self._answer(content))

    def story_changed(self) -> None:
        """Show the story as it is now."""
        told = {**storage.deck(self.story), "undoable": self.story.undoable}
        told["revision"] = self.story.revision
        live = [self._model(slide) for slide in self.story]
        with self.hold_sync():
            self.set_trait("_live", live)
            self.set_trait("_deck", json.dumps(told, allow_nan=False, separators=(",", ":")))

    def _model(self, slide: Slide) -> str:
        """The name of the view that computes a slide; empty for one that was captured."""
        recipe = slide.recipe
        if not self._computes or recipe is None:
            return ""
        if recipe not in self._views:
            from siamviz.story.slides import LOOKS
            from siamviz.widgets.pair_view import PairView

            looks = {name: slide.state[name] for name in LOOKS}
            texts = (slide.state["text_a"], slide.state["text_b"])
            looks |= {"limit": self.story.scale(slide) or None, "theme": self.story.theme}
            made = PairView(recipe.explainer, *texts, **{**recipe.settings, **looks})
            made.story = self.story
            self._views[recipe] = made
        view = self._views[recipe]
        return f"IPY_MODEL_{view.model_id}"

    def close(self) -> None:
        """Remove the stage and the views on it."""
        self.story.forget(self)
        while self._views:
            self._views.popitem()[1].close()
        super().close()

    def _answer(self, content: Any) -> None:
        """Do what a message of the front end asks, and say so or why not."""
        if not answerable(content):
            return
        try:
            if content.get("revision", self.story.revision) != self.story.revision:
                raise MessageError("The story had changed before this arrived. Look again.")
            self._handler(content.get("kind"))(content)
            self.send({"id": content["id"], "ok": True})
        except Exception as error:
            if not isinstance(error, SiamvizError):
                logger.exception("A message of a story could not be answered")
            self.send({"id": content["id"], "ok": False, "error": sentence(error)})

    def _handler(self, kind: Any) -> Callable[[Mapping[str, Any]], None]:
        story = self.story
        handlers: dict[Any, Callable[[Mapping[str, Any]], None]] = {
            "move": lambda said: story.move(said.get("number", 0), said.get("to", 0)),
            "remove": lambda said: story.remove(said.get("number", 0)),
            "edit": lambda said: story.edit(
                said.get("number", 0), caption=said.get("caption"), notes=said.get("notes")
            ),
            "rename": lambda said: setattr(story, "title", said.get("title", "")),
            "undo": lambda _: story.undo(),
        }
        if kind not in handlers:
            listed = ", ".join(map(repr, handlers))
            raise MessageError(f"A story does not know {kind!r:.40}. There are {listed}.")
        return handlers[kind]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the widget, and the list of slides for viewers without."""
        made = super()._repr_mimebundle_(**kwargs)
        if made is None:
            return None
        bundle, metadata = made if isinstance(made, tuple) else (made, {})
        still = {"text/plain": visible(repr(self.story)), "text/html": to_list(self.story)}
        return {**bundle, **still}, metadata

    def __repr__(self) -> str:
        return f"StoryView({self.story!r})"
