"""The numbers behind a picture, carried inside its file and read back from it."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.errors import InvalidArgumentError
from siamviz.serialize import FORMAT

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_MARK = f"{FORMAT}:"
_PACKED = re.compile(re.escape(_MARK).encode("ascii") + rb"([A-Za-z0-9+/=]+);")
_CONTINUED = re.compile(rb"\r?\n% ")
_JSON = f'{{"format":"{FORMAT}"'.encode("ascii")
_LARGEST = 1 << 30
_WIDTH = 76


def to_json(pair: PairAttribution) -> str:
    """Return a pair as JSON in ASCII."""
    return json.dumps(pair.to_dict(), allow_nan=False, separators=(",", ":"))


def pack(pair: PairAttribution) -> str:
    """Return a pair as one ASCII word: a mark, compressed JSON in base64, a semicolon."""
    data = zlib.compress(to_json(pair).encode("ascii"), 9)
    return _MARK + base64.b64encode(data).decode("ascii") + ";"


def in_lines(packed: str) -> str:
    """Return what `pack` returned in lines of 76 characters."""
    return "\n".join(packed[at : at + _WIDTH] for at in range(0, len(packed), _WIDTH))


def unpack(path: Path) -> dict[str, Any]:
    """Return the numbers that a file carries, as `PairAttribution.to_dict` returned them.

    Parameters
    ----------
    path : Path
        A figure, or JSON.

    Raises
    ------
    InvalidArgumentError
        If it carries none, or they are damaged, or larger than a gibibyte.
    """
    data, suffix = path.read_bytes(), path.suffix.lower()
    found = {".json": lambda whole: [whole], ".pdf": _attached}.get(suffix, _packed)
    texts = list(found(data))
    if not texts:
        raise InvalidArgumentError(
            f"{str(path)!r} carries no numbers, or they are damaged. A figure carries them as "
            "siamviz saves it; other programs may leave them out when they save it again."
        )
    try:
        return json.loads(texts[-1])
    except (ValueError, RecursionError) as failure:
        raise InvalidArgumentError(
            f"The numbers in {str(path)!r} are damaged: {failure}. Save it again."
        ) from failure


def _packed(data: bytes) -> Iterator[bytes]:
    """What `pack` packed; a text that looks like it is not taken for it."""
    for found in _PACKED.finditer(_CONTINUED.sub(b"", data)):
        try:
            yield from _inflated(base64.b64decode(found[1], validate=True))
        except ValueError:
            continue


def _attached(data: bytes) -> Iterator[bytes]:
    """Streams of a PDF that are JSON of ours."""
    end = 0
    while (start := data.find(b"stream", end)) >= 0:
        start += len(b"stream")
        end = data.find(b"endstream", start)
        if end < 0:
            return
        yield from _inflated(data[start:end].lstrip(b"\r\n"))
        end += len(b"endstream")


def _inflated(data: bytes) -> Iterator[bytes]:
    """The JSON that compressed bytes begin with, if it is there whole."""
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(data, len(_JSON))
        if text == _JSON:
            text += inflating.decompress(inflating.unconsumed_tail, _LARGEST)
            if inflating.eof:
                yield text
    except zlib.error:
        return
