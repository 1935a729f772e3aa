"""Figures for papers: one part of a picture, as wide as a column, in vector formats."""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz import files
from siamviz.errors import ArgumentTypeError, InvalidArgumentError, check_choice
from siamviz.export import png, typeset
from siamviz.export.drawing import Drawing
from siamviz.export.escape import visible
from siamviz.export.kinds import KINDS, Sheet
from siamviz.export.overview import overview
from siamviz.export.palette import Palette
from siamviz.export.payload import in_lines, pack, to_json
from siamviz.export.picture import Picture
from siamviz.export.svg import to_svg
from siamviz.export.tikz import to_tikz

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_MM = 25.4 / 72
_CSS_DPI = 96.0
_HEADER = 33
"""Bytes of a PNG before its second chunk."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A drawing of a pair, with the numbers behind it.

    Attributes
    ----------
    pair : PairAttribution
        What files carry, to be had back with `siamviz.load`.
    drawing : Drawing
    """

    pair: PairAttribution
    drawing: Drawing

    @property
    def caption(self) -> str:
        """Where the numbers come from, which is in the files' metadata, too.

        Ledger, model and weights, settings, certificate, what was left out, version.
        """
        return self.drawing.description

    def save(
        self, path: str | os.PathLike[str], *, dpi: float = 300, outlined: bool = False
    ) -> None:
        r"""Write the figure in the format that the suffix names.

        Parameters
        ----------
        path : str or path
            Ends in .svg, .pdf, .png or .tex (TikZ, to ``\input``). It is replaced in one step.
        dpi : float
            Of PNG.
        outlined : bool
            In SVG and PDF, letters are shapes: no font is needed, and no text can be selected.

        Raises
        ------
        InvalidArgumentError
            For another suffix or no folder around it, and if a package that the format needs is
            missing.
        """
        target = check_target(path)
        content = self.encode(target.suffix.lower(), dpi=dpi, outlined=outlined)
        with files.written(target) as aside:
            aside.write_bytes(content)

    def encode(self, suffix: str, *, dpi: float = 300, outlined: bool = False) -> bytes:
        """Return what a file holds.

        Parameters
        ----------
        suffix : {".svg", ".tex", ".png", ".pdf"}
        dpi, outlined
            As in `save`.

        Raises
        ------
        InvalidArgumentError
            For another suffix, and if a package that the format needs is missing.
        """
        check_choice("Suffix", suffix, OBSTACLES)
        if suffix in (".png", ".tex") and outlined:
            raise InvalidArgumentError(f"Only SVG and PDF can be outlined, not {suffix!r}.")
        if suffix == ".tex":
            return to_tikz(self.drawing, in_lines(pack(self.pair))).encode("utf-8")
        if suffix == ".png":
            return self._png(dpi)
        if suffix == ".pdf":
            return typeset.to_pdf(self.drawing, to_json(self.pair), outlined)
        write = typeset.to_outlined_svg if outlined else to_svg
        return write(self.drawing, pack(self.pair)).encode("utf-8")

    def _png(self, dpi: float) -> bytes:
        if not (math.isfinite(dpi) and dpi > 0):
            raise InvalidArgumentError(f"dpi must be greater than 0, not {dpi!r}.")
        drawn = png.to_png(to_svg(self.drawing), dpi / _CSS_DPI)
        dots = round(dpi / 0.0254)
        chunks = _chunk(b"pHYs", struct.pack(">IIB", dots, dots, 1))
        said = b"Description\0\0\0\0\0" + visible(self.caption).encode("utf-8")
        chunks += _chunk(b"iTXt", said)
        chunks += _chunk(b"tEXt", b"siamviz\0" + pack(self.pair).encode("ascii"))
        return drawn[:_HEADER] + chunks + drawn[_HEADER:]

    def _repr_svg_(self) -> str:
        return to_svg(self.drawing)

    def __repr__(self) -> str:
        size = f"{self.drawing.width:.0f} × {self.drawing.height:.0f} {self.drawing.unit}"
        return f"Figure({size}; {self.caption})"


def figure(
    pair: PairAttribution,
    kind: str = "matrix",
    *,
    width_mm: float = 84,
    size_pt: float = 7,
    unit: str | None = None,
    folded: bool = False,
    top: int = 12,
    greyscale: bool = False,
) -> Figure:
    """Return a figure for a paper.

    Parameters
    ----------
    pair : PairAttribution
    kind : {"matrix", "links", "sentences"}
        The matrix, abbreviated to what there is room for: tokens become words, and the weakest
        words are summed in one row or column; the strongest pairs as bands between the words of A
        and B; or the texts, wrapped, their words coloured by the sums of their effects.
    width_mm : float
        84 is about a column of a page with two.
    size_pt : float
        Of the font.
    unit : {"token", "word", "sentence"}, optional
        Show it summed by this unit.
    folded : bool
        Show it folded.
    top : int
        How many bands.
    greyscale : bool
        Greys that a printer without colours keeps apart: what lowers the score is framed or dashed.

    Raises
    ------
    InvalidArgumentError, ArgumentTypeError
        For an unknown kind, sizes that make no sense, and where there is no room.
    """
    check_choice("kind", kind, KINDS)
    _check_number("width_mm", width_mm, 2000)
    _check_number("size_pt", size_pt, 200)
    _check_number("top", top, math.inf, Integral)
    shown = pair.fold() if folded and not pair.folded else pair
    shown = shown if unit is None else shown.by(unit)
    sheet = Sheet(width_mm, size_pt * _MM, Palette(greyscale), int(top))
    drawing, picture = KINDS[kind](shown, sheet)
    drawing.description = provenance(shown, picture)
    return Figure(pair, drawing)


def _check_number(name: str, value: Any, most: float, kind: type = Real) -> None:
    if isinstance(value, bool) or not isinstance(value, kind):
        wanted = "a whole number" if kind is Integral else "a number"
        raise ArgumentTypeError(f"{name} must be {wanted}, got {value!r:.60}.")
    if not 0 < float(value) <= most:
        above = "" if most == math.inf else f" and at most {most:g}"
        raise InvalidArgumentError(f"{name} must be greater than 0{above}, not {value!r}.")


def provenance(pair: PairAttribution, picture: Picture) -> str:
    """Return where a picture's numbers come from, and what it leaves out."""
    from siamviz import __version__

    model, *others = picture.settings
    weights = pair.settings.revision
    settings = ", ".join([f"{model} (weights {weights})" if weights else model, *others])
    ledger = f"{picture.ledger()[:1].upper()}{picture.ledger()[1:]}"
    said = [f"{ledger}. {settings}.", picture.certificate, *picture.notes]
    if picture.doubtful:
        said.append("“~” marks a cell within its numerical error of zero.")
    return " ".join([*said, f"siamviz {__version__}."])


def check_target(path: str | os.PathLike[str], others: Iterable[str] = ()) -> Path:
    """Return `path` unless something keeps a figure from being written there.

    Parameters
    ----------
    path : str or path
    others : iterable of str
        Suffixes of what is no figure and can be written as well.

    Raises
    ------
    InvalidArgumentError
        For an unknown suffix, a folder in its place or no folder around it, and a format that
        needs what this machine has not.
    """
    target = files.check_target(path, (*others, *OBSTACLES))
    reason = OBSTACLES.get(target.suffix.lower(), str)()
    if reason:
        raise InvalidArgumentError(f"Cannot save to {str(target)!r}: {reason}")
    return target


OBSTACLES: dict[str, Callable[[], str]] = {
    ".svg": str,
    ".tex": str,
    ".png": png.obstacle,
    ".pdf": typeset.obstacle,
}
"""Formats of figures, and what says why one cannot be written on this machine."""


def whole(pair: PairAttribution) -> Figure:
    """Return the whole picture of a pair as a figure, in pixels."""
    drawing, picture = overview(pair)
    drawing.description = provenance(pair, picture)
    return Figure(pair, drawing)


def _chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
