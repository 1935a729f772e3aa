"""`Story`: slides in order, each a captured state of a view."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, ref

from siamviz import files
from siamviz.attribution import PairAttribution
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, check_choice
from siamviz.export.escape import visible
from siamviz.story import captions
from siamviz.story.slides import Slide, captured

if TYPE_CHECKING:
    from pathlib import Path

    from siamviz.widgets.pair_view import PairView
    from siamviz.widgets.story_view import StoryView

THEMES = ("auto", "light", "dark")
Reaction = Callable[[], None]


class Story:
    """A talk: captured states of views, with captions and notes.

    Slides count from 1. In a notebook a story shows itself with all that can be done to it.

    Parameters
    ----------
    title : str
    theme : {"auto", "light", "dark"}
        The colours; "auto" follows whoever shows it.
    limit : float, optional
        The absolute effect at both ends of the colours of every slide; by default the largest of
        any slide. Slides of whole sentences have a scale of their own.

    Examples
    --------
    >>> story = Story("Why does it miss the negation?")
    >>> story.add(view, caption="*not* hardly counts", notes="Point at the row.")
    >>> story.save("talk.html")
    """

    _latest: ref[Story] | None = None

    def __init__(self, title: str = "", *, theme: str = "auto", limit: float | None = None) -> None:
        self._title = captions.check_text("title", title)
        self._theme = check_choice("Theme", theme, THEMES)
        self._limit = _check_limit(limit)
        self._revision = 0
        self._slides: tuple[Slide, ...] = ()
        self._before: list[tuple[str, tuple[Slide, ...]]] = []
        self._reactions: WeakSet[Any] = WeakSet()
        self._list: StoryView | None = None
        Story._latest = ref(self)

    @classmethod
    def latest(cls) -> Story:
        """Return the story that was made last, or a new one if there is none."""
        known = cls._latest and cls._latest()
        return cls("Untitled story") if known is None else known

    @property
    def title(self) -> str:
        """What it is called."""
        return self._title

    @title.setter
    def title(self, title: str) -> None:
        self._become(self._slides, captions.check_text("title", title))

    @property
    def theme(self) -> str:
        """The colours: "auto", "light" or "dark"."""
        return self._theme

    @theme.setter
    def theme(self, theme: str) -> None:
        self._theme = check_choice("Theme", theme, THEMES)
        self._tell()

    @property
    def limit(self) -> float | None:
        """The absolute effect at the ends of all colours; None takes the largest of any slide."""
        return self._limit

    @limit.setter
    def limit(self, limit: float | None) -> None:
        self._limit = _check_limit(limit)
        self._tell()

    @property
    def revision(self) -> int:
        """How often it was changed."""
        return self._revision

    @property
    def slides(self) -> tuple[Slide, ...]:
        """The slides in order; the first one is number 1."""
        return self._slides

    def __len__(self) -> int:
        return len(self._slides)

    def __iter__(self) -> Iterator[Slide]:
        return iter(self._slides)

    def add(
        self,
        source: PairView | PairAttribution,
        *,
        caption: str = "",
        notes: str = "",
        at: int | None = None,
        **traits: Any,
    ) -> Slide:
        """Add a slide with what a view shows now; changing the view later does not change it.

        Parameters
        ----------
        source : PairView or PairAttribution
            A view, whose result is waited for, or a result.
        caption : str
            With Markdown's emphasis and links; anything else is text as it stands.
        notes : str
            For whoever speaks.
        at : int, optional
            The number that the slide gets; by default it is the last one.
        **traits
            With a result: the traits of `siamviz.PairView` that need no model, such as
            ``unit="word"`` or ``pins=[{"a": [5], "b": [9]}]``, where pins name finest tokens by
            their places in `tokens_a` and `tokens_b`, whatever the unit.

        Raises
        ------
        ArgumentTypeError, InvalidArgumentError
            For any other source, and for a number or a trait that does not exist.
        """
        from siamviz.widgets.pair_view import PairView, UnshownView

        captions.check_text("caption", caption)
        captions.check_text("notes", notes)
        place = len(self) if at is None else self._place(at, len(self) + 1)
        if isinstance(source, PairAttribution):
            view = UnshownView(source, **traits)
            _check_pins(source, view.pins)
            slide = captured(view, caption, notes)
        elif not isinstance(source, PairView):
            raise ArgumentTypeError(
                "A slide is made of a PairView or a PairAttribution, such as "
                f"explainer.explain(text_a, text_b), not of {type(source).__name__!r}."
            )
        elif traits:
            raise ArgumentTypeError(
                f"A view is captured as it is, so {next(iter(traits))!r} cannot be given. Set it "
                "in the view first."
            )
        else:
            slide = captured(source, caption, notes)
            source.story = self
        self._become((*self._slides[:place], slide, *self._slides[place:]))
        return slide

    def move(self, number: int, to: int) -> None:
        """Give slide `number` the number `to`.

        Raises
        ------
        InvalidArgumentError
            If there is no such number.
        """
        here, there = self._place(number), self._place(to)
        slides = list(self._slides)
        slides.insert(there, slides.pop(here))
        self._become(tuple(slides))

    def remove(self, number: int) -> None:
        """Remove slide `number`; `undo` brings it back.

        Raises
        ------
        InvalidArgumentError
            If there is no such number.
        """
        place = self._place(number)
        self._become((*self._slides[:place], *self._slides[place + 1 :]))

    def edit(self, number: int, *, caption: str | None = None, notes: str | None = None) -> None:
        """Change what is said about slide `number`; what is left out stays.

        Raises
        ------
        InvalidArgumentError
            If there is no such number.
        """
        place = self._place(number)
        given = {"caption": caption, "notes": notes}
        said = {
            name: captions.check_text(name, text)
            for name, text in given.items()
            if text is not None
        }
        slides = list(self._slides)
        now = slides[place]
        if any(getattr(now, name) != text for name, text in said.items()):
            slides[place] = replace(now, **said)
        self._become(tuple(slides))

    def undo(self) -> None:
        """Take the last change back.

        Raises
        ------
        InvalidArgumentError
            If nothing was changed.
        """
        if not self._before:
            raise InvalidArgumentError("There is nothing to undo.")
        self._title, self._slides = self._before.pop()
        self._tell()

    @property
    def undoable(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before)

    def scale(self, slide: Slide) -> float:
        """Return the effect at the ends of the colours of a slide, that of all comparable ones."""
        if self.limit is not None:
            return self.limit
        alike = (one.reach for one in self._slides if one.measure == slide.measure)
        return max(alike, default=slide.reach)

    def present(self, start: int = 1, *, live: bool = False) -> StoryView:
        """Return the story as a stage for this notebook, which ``f`` makes full screen.

        Parameters
        ----------
        start : int
            The slide to begin with.
        live : bool
            Slides that came from a view with a model compute on, with all controls; the others
            show what was captured.

        Raises
        ------
        InvalidArgumentError
            If there is no slide, or with `live` none that a model made in this session.
        """
        from siamviz.widgets.story_view import StoryView

        self._check_slides("present")
        if live and not any(slide.recipe for slide in self._slides):
            raise InvalidArgumentError(
                "No slide of this story can be live: they were captured from finished results or "
                "loaded from a file. Add a view that computes, or leave live out."
            )
        return StoryView(self, start=self._place(start), live=live)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the story to a file, which is replaced in one step.

        Parameters
        ----------
        path : str or path
            Ends in .html (one file that needs no network, each slide with its live view), .pdf (a
            page for each slide; needs the extra ``figures``) or .json. `Story.load` reads .html
            and .json back.

        Raises
        ------
        InvalidArgumentError
            For another suffix, no folder around it, or a story without slides.
        """
        from siamviz.story import deck, handout, storage

        writers: dict[str, Callable[[Story], bytes]] = {
            ".html": deck.to_page, ".pdf": handout.to_pdf, ".json": storage.to_json,
        }  # fmt: skip
        target = files.check_target(path, tuple(writers))
        self._check_slides("save")
        content = writers[target.suffix.lower()](self)
        with files.written(target) as aside:
            aside.write_bytes(content)
        return target

    def to_slides(
        self, path: str | os.PathLike[str], *, reveal: str | None = None, notebook: bool = False
    ) -> Path:
        """Write a reveal.js presentation through nbconvert, each slide with its live view.

        Parameters
        ----------
        path : str or path
            Ends in .html, or with `notebook` in .ipynb.
        reveal : str, optional
            Where browsers find reveal.js: an address or a folder. By default nbconvert's, which
            needs the network; `save` does not.
        notebook : bool
            Write the notebook that nbconvert would read, to go on with.

        Raises
        ------
        InvalidArgumentError
            For another suffix, a story without slides, or if nbconvert is missing.
        """
        from siamviz.story import reveal as exporter

        target = files.check_target(path, (".ipynb" if notebook else ".html",))
        self._check_slides("export")
        content = exporter.to_notebook(self) if notebook else exporter.to_reveal(self, reveal)
        with files.written(target) as aside:
            aside.write_text(content, encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Story:
        """Return the story that a file holds; no code in the file is run.

        Parameters
        ----------
        path : str or path
            What `save` wrote: .html or .json.

        Raises
        ------
        InvalidArgumentError
            If there is no such file, it holds no story, a damaged one, or one in a format of
            another version.
        """
        from siamviz.story import storage

        return storage.load(cls, path)

    def forget(self, reaction: Any) -> None:
        """Tell `reaction` no more."""
        self._reactions.discard(reaction)

    def begin(self, slides: Sequence[Slide]) -> None:
        """Start with these slides, and nothing to undo."""
        self._slides, self._before = tuple(slides), []
        self._tell()

    def observe(self, reaction: Any) -> None:
        """Call ``reaction.story_changed()`` after every change, as long as `reaction` is kept."""
        self._reactions.add(reaction)

    def _become(self, slides: tuple[Slide, ...], title: str | None = None) -> None:
        if slides == self._slides and title in (None, self._title):
            return
        self._before.append((self._title, self._slides))
        self._slides = slides
        self._title = self._title if title is None else title
        self._tell()

    def _tell(self) -> None:
        self._revision += 1
        for reaction in list(self._reactions):
            reaction.story_changed()

    def _place(self, number: Any, count: int | None = None) -> int:
        """Return the index of a slide's number."""
        count = len(self) if count is None else count
        if isinstance(number, bool) or not isinstance(number, int):
            raise ArgumentTypeError(
                f"The number of a slide must be a whole one, got {number!r:.60}."
            )
        if not 1 <= number <= count:
            there = f"numbers run from 1 to {count}" if count else "the story has no slides"
            raise InvalidArgumentError(f"There is no slide {number}: {there}.")
        return number - 1

    def _check_slides(self, what: str) -> None:
        if not self._slides:
            raise InvalidArgumentError(
                f"There is nothing to {what}: the story has no slides. Add one with "
                "story.add(view, caption=…)."
            )

    def __repr__(self) -> str:
        count = f"{len(self)} slide{'' if len(self) == 1 else 's'}"
        lines = [f"Story({visible(self._title)!r}, {count})"]
        for number, slide in enumerate(self._slides, 1):
            said = captions.to_plain(slide.caption).replace("\n", " ") or visible(slide.name)
            lines.append(f"  {number}. {said:.100}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from siamviz.export.bundle import STORY
        from siamviz.widgets.story_view import StoryView

        if not STORY.built():
            return {"text/plain": repr(self)}
        if self._list is None:
            self._list = StoryView(self, organising=True)
        return self._list._repr_mimebundle_(**kwargs)


def _check_pins(pair: PairAttribution, pins: Sequence[Mapping[str, Sequence[int]]]) -> None:
    from siamviz.widgets.selection import fits

    for pin in pins:
        if not fits(pair, pin):
            raise InvalidArgumentError(
                f"The pin {pin!r} names a token that is not there: A has "
                f"{len(pair.tokens_a)} and B {len(pair.tokens_b)}, counted from 0 with special "
                "tokens, whatever the unit."
            )


def _check_limit(limit: Any) -> float | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise ArgumentTypeError(f"limit must be a number or None, got {limit!r:.60}.")
    if not 0 < limit < float("inf"):
        raise InvalidArgumentError(f"limit must be greater than 0 and finite, not {limit!r}.")
    return float(limit)
