"""BokehJS, which the browser is given once."""

from __future__ import annotations

import functools
import gzip
from pathlib import Path

from siamviz.study.figures import require_bokeh


@functools.cache
def library() -> bytes:
    """BokehJS of the installed bokeh, packed; a page asks for it once, no notebook holds it."""
    folder = Path(str(require_bokeh().__file__)).parent / "server" / "static" / "js"
    return gzip.compress((folder / "bokeh.min.js").read_bytes(), mtime=0)
