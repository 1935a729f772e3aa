"""BokehJS, which the browser is given once."""

from __future__ import annotations

import functools
import gzip
from importlib import import_module
from pathlib import Path
from typing import Any


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
