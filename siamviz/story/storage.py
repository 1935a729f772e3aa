"""Stories as JSON, and back."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.attribution import PairAttribution
from siamviz.errors import InvalidArgumentError, SiamvizError
from siamviz.files import expanded
from siamviz.story import captions
from siamviz.story.slides import slide_of

if TYPE_CHECKING:
    from siamviz.story.story import Story

FORMAT = "siamviz.story/1"
_PACKED = re.compile(r'"story":"([A-Za-z0-9+/=]+)"')
_LARGEST = 1 << 30


def to_json(story: Story) -> bytes:
    """Return a story as JSON: captions, notes, states, and every number of its results."""
    from siamviz import __version__

    pairs: list[PairAttribution] = []
    data = {
        "format": FORMAT,
        "siamviz": __version__,
        "title": story.title,
        "theme": story.theme,
        "limit": story.limit,
        "slides": [slide.to_dict(pairs) for slide in story],
    }
    data["pairs"] = [pair.to_dict() for pair in pairs]
    return json.dumps(data, allow_nan=False, separators=(",", ":")).encode("ascii")


def pack(story: Story) -> str:
    """Return a story as one word, compressed."""
    return base64.b64encode(zlib.compress(to_json(story), 9)).decode("ascii")


def load(kind: type[Story], path: Any) -> Story:
    """Return the story in a file; see `siamviz.Story.load`."""
    source = expanded(path)
    read = {".json": Path.read_bytes, ".html": _unpack}.get(source.suffix.lower())
    if read is None:
        raise InvalidArgumentError(
            f"Cannot load {str(source)!r}: stories are kept in files that end in .html or .json."
        )
    if not source.is_file():
        raise InvalidArgumentError(f"Cannot load {str(source)!r}: there is no such file.")
    try:
        data = json.loads(read(source), parse_constant=_refuse)
    except (ValueError, RecursionError) as failure:
        raise InvalidArgumentError(
            f"{str(source)!r} holds no story, or a damaged one: {failure}"
        ) from failure
    return _story(kind, data, str(source))


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON.")


def _unpack(path: Path) -> bytes:
    found = _PACKED.search(path.read_text("utf-8"))
    if not found:
        raise ValueError("it is another page. Story.save writes pages that can be loaded.")
    inflating = zlib.decompressobj()
    try:
        data = inflating.decompress(base64.b64decode(found[1], validate=True), _LARGEST)
    except zlib.error as failure:
        raise ValueError(str(failure)) from failure
    if not inflating.eof:
        raise ValueError("it ends too early.")
    return data


def _story(kind: type[Story], data: Any, source: str) -> Story:
    found = data.get("format") if isinstance(data, Mapping) else None
    if not isinstance(found, str) or not found.startswith("siamviz.story/"):
        raise InvalidArgumentError(f"{source!r} holds no story: its format is {found!r:.60}.")
    if found != FORMAT:
        by = f" (written by siamviz {data['siamviz']})" if "siamviz" in data else ""
        raise InvalidArgumentError(
            f"{source!r} has the format {found!r}{by}; this version of siamviz reads {FORMAT!r}. "
            "Stories of a later version need that version: pip install --upgrade siamviz."
        )
    try:
        pairs = [PairAttribution.from_dict(pair) for pair in data["pairs"]]
        slides = [
            slide_of(slide, pairs, f"Slide {number}")
            for number, slide in enumerate(data["slides"], 1)
        ]
        story = kind(data["title"], theme=data["theme"], limit=data["limit"])
    except KeyError as failure:
        raise InvalidArgumentError(f"The story in {source!r} has no {failure}.") from failure
    except (SiamvizError, TypeError) as failure:
        raise InvalidArgumentError(f"The story in {source!r} is damaged: {failure}") from failure
    story.begin(slides)
    return story


def deck(story: Story) -> dict[str, Any]:
    """Return what the front end shows of a story, as plain data; equal results once."""
    frames: list[bytes] = []
    slides = [
        {
            "key": slide.key,
            "caption": captions.to_json(slide.caption),
            "source": slide.caption,
            "notes": slide.notes,
            "name": slide.name,
            "state": {**slide.state, "limit": story.scale(slide) or None, "theme": story.theme},
            "frame": _place(slide.frame, frames),
            "other": _place(slide.other_frame, frames),
        }
        for slide in story
    ]
    return {
        "title": story.title,
        "theme": story.theme,
        "slides": slides,
        "frames": [base64.b64encode(frame).decode("ascii") for frame in frames],
    }


def _place(frame: bytes, frames: list[bytes]) -> int:
    if frame not in frames:
        frames.append(frame)
    return frames.index(frame)
