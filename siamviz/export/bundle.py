"""The built front end: one script and one stylesheet for the widget and the exported page."""

from __future__ import annotations

import base64
import gzip
import os
from pathlib import Path

from siamviz.errors import FrontEndMissingError

FOLDER = Path(__file__).resolve().parent.parent / "static"
SCRIPT = FOLDER / "siamviz.js"
STYLE = FOLDER / "siamviz.css"


_UNPACK = """\
const bytes = Uint8Array.from(atob("%s"), (character) => character.charCodeAt(0));
const script = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const url = URL.createObjectURL(
  new Blob([await new Response(script).arrayBuffer()], { type: "text/javascript" }),
);
export default (await import(url).finally(() => URL.revokeObjectURL(url))).default;
"""


def built() -> bool:
    """Whether the front end is there."""
    return SCRIPT.is_file() and STYLE.is_file()


def check_built() -> None:
    """Raise unless the front end is there.

    Raises
    ------
    FrontEndMissingError
        With what to do: wheels contain it, a clone needs Node once to build it.
    """
    if not built():
        raise FrontEndMissingError(
            f"The front end is not built: {str(SCRIPT)!r} or its stylesheet is missing. In a clone "
            "of siamviz install Node 20 or later (https://nodejs.org), run `make js` and restart "
            "Python; otherwise reinstall siamviz from a wheel."
        )


def script() -> str:
    """The script, an ECMAScript module."""
    check_built()
    return SCRIPT.read_text("utf-8")


def module() -> str | Path:
    """What a widget loads: a module that unpacks the script, which is half the size in notebooks.

    With ANYWIDGET_HMR, which anywidget reads too, the file itself, watched for changes.
    """
    if os.environ.get("ANYWIDGET_HMR"):
        return SCRIPT
    packed = gzip.compress(script().encode("utf-8"), mtime=0)
    return _UNPACK % base64.b64encode(packed).decode("ascii")


def style() -> str:
    """The stylesheet."""
    check_built()
    return STYLE.read_text("utf-8")
