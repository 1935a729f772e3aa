"""The built front ends: one script and one stylesheet each."""

from __future__ import annotations

import base64
import gzip
import os
from dataclasses import dataclass
from pathlib import Path

from siamviz.errors import FrontEndMissingError

FOLDER = Path(__file__).resolve().parent.parent / "static"
_UNPACK = """\
const bytes = Uint8Array.from(atob("%s"), (character) => character.charCodeAt(0));
const script = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const url = URL.createObjectURL(
  new Blob([await new Response(script).arrayBuffer()], { type: "text/javascript" }),
);
export default (await import(url).finally(() => URL.revokeObjectURL(url))).default;
"""


@dataclass(frozen=True)
class Bundle:
    """A front end, as `make js` builds it.

    Parameters
    ----------
    name : str
        Of its script and its stylesheet.
    """

    name: str

    @property
    def script_file(self) -> Path:
        """The file of the script."""
        return FOLDER / f"{self.name}.js"

    @property
    def style_file(self) -> Path:
        """The file of the stylesheet."""
        return FOLDER / f"{self.name}.css"

    def built(self) -> bool:
        """Whether the front end is there."""
        return self.script_file.is_file() and self.style_file.is_file()

    def check_built(self) -> None:
        """Raise unless the front end is there.

        Raises
        ------
        FrontEndMissingError
            With what to do: wheels contain it, a clone needs Node once to build it.
        """
        if not self.built():
            raise FrontEndMissingError(
                f"The front end is not built: {str(self.script_file)!r} or its stylesheet is "
                "missing. In a clone of siamviz install Node 20 or later (https://nodejs.org), "
                "run `make js` and restart Python; otherwise reinstall siamviz from a wheel."
            )

    def script(self) -> str:
        """The script, an ECMAScript module."""
        self.check_built()
        return self.script_file.read_text("utf-8")

    def module(self) -> str | Path:
        """What a widget loads: a module that unpacks the script, half the size in notebooks.

        With ANYWIDGET_HMR, which anywidget reads too, the file itself, watched for changes.
        """
        if os.environ.get("ANYWIDGET_HMR"):
            return self.script_file
        packed = gzip.compress(self.script().encode("utf-8"), mtime=0)
        return _UNPACK % base64.b64encode(packed).decode("ascii")

    def sheet(self) -> str | Path:
        """What a widget loads: the stylesheet; with ANYWIDGET_HMR the file itself.

        anywidget keeps every widget that loads a file alive for good.
        """
        return self.style_file if os.environ.get("ANYWIDGET_HMR") else self.style()

    def style(self) -> str:
        """The stylesheet."""
        self.check_built()
        return self.style_file.read_text("utf-8")


PAIR_VIEW = Bundle("siamviz")
"""Of the widget and of the exported page."""
EXPLORER = Bundle("explorer")
REPORT = Bundle("report")
STORY = Bundle("story")
