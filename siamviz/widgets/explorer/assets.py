"""What the browser is given: the explorer's own script, its stylesheet, and BokehJS."""

from __future__ import annotations

import base64
import functools
import gzip
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from siamviz.errors import FrontEndMissingError
from siamviz.export.bundle import _UNPACK, FOLDER

SCRIPT = FOLDER / "explorer.js"
STYLE = FOLDER / "explorer.css"


def built() -> bool:
    """Whether the explorer's front end is there."""
    return SCRIPT.is_file() and STYLE.is_file()


def check_built() -> None:
    """Raise unless the explorer's front end is there.

    Raises
    ------
    FrontEndMissingError
    """
    if not built():
        raise FrontEndMissingError(
            f"The front end is not built: {str(SCRIPT)!r} or its stylesheet is missing. In a clone "
            "of siamviz install Node 20 or later (https://nodejs.org), run `make js` and restart "
            "Python; otherwise reinstall siamviz from a wheel."
        )


def module() -> str | Path:
    """What the widget loads: a module that unpacks the script, or with ANYWIDGET_HMR the file."""
    if os.environ.get("ANYWIDGET_HMR"):
        return SCRIPT
    packed = gzip.compress(SCRIPT.read_bytes(), mtime=0)
    return _UNPACK % base64.b64encode(packed).decode("ascii")


def bokeh() -> Any:
    """Return the package bokeh.

    Raises
    ------
    ImportError
        With how to install it.
    """
    try:
        return import_module("bokeh")
    except ImportError as error:
        raise ImportError(
            "The error explorer draws with Bokeh, which is not installed. Install it with: "
            "pip install 'siamviz[study]'"
        ) from error


@functools.cache
def library() -> bytes:
    """BokehJS of the installed bokeh, packed; a page asks for it once, no notebook holds it."""
    folder = Path(str(bokeh().__file__)).parent / "server" / "static" / "js"
    return gzip.compress((folder / "bokeh.min.js").read_bytes(), mtime=0)
