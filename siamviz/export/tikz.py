r"""A drawing as TikZ, for LaTeX: ``\usepackage{tikz}`` and ``\input`` it."""

from __future__ import annotations

from siamviz.color import rgb
from siamviz.export.drawing import Band, Box, Drawing, Rule, Shape, Words
from siamviz.export.escape import visible

_MM = {"px": 25.4 / 96, "mm": 1.0}
_POINTS = 72.27 / 25.4
_BASE = {"start": "base west", "middle": "base", "end": "base east"}
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "{''}",
    "`": "{`}", "'": "{'}", "-": "{-}", ",": "{,}",
    "\u2212": r"\ensuremath{-}", "×": r"\ensuremath{\times}", "…": r"\dots{}",
    "␣": r"\textvisiblespace{}", "\ufffd": "?",
    "\u202f": r"\,", "\u00a0": "~", "\n": " ", "\r": " ", "\t": " ",
}  # fmt: skip
_PREAMBLE = r"""% \usepackage{tikz}
% Scripts other than Latin need LuaLaTeX or XeLaTeX, and a font that has them."""


def to_tikz(drawing: Drawing, notes: str = "") -> str:
    """Return a drawing as a ``tikzpicture``; text is in the document's own sans-serif.

    Parameters
    ----------
    drawing : Drawing
    notes : str
        Lines of a comment at its end.
    """
    mm = _MM[drawing.unit]
    shapes = "\n".join(_command(shape, mm, drawing.hairline) for shape in drawing.shapes)
    said = _comment(visible(f"{drawing.title}\n{drawing.description}"))
    box = _point(drawing.width, drawing.height)
    return (
        f"{said}{_PREAMBLE}\n\\begin{{tikzpicture}}"
        f"[x={mm:.6g}mm,y=-{mm:.6g}mm,inner sep=0pt,outer sep=0pt]\\sffamily\n"
        f"\\path[use as bounding box] (0,0) rectangle {box};\n"
        f"{shapes}\n\\end{{tikzpicture}}%\n{_comment(notes)}"
    )


def _comment(text: str) -> str:
    return "".join(f"% {line}\n" for line in text.splitlines())


def _command(shape: Shape, mm: float, hairline: float) -> str:
    match shape:
        case Box():
            style = f"fill={_color(shape.fill)}," if shape.fill else ""
            radius = min(shape.radius, shape.width / 2, shape.height / 2) * mm
            style += f"rounded corners={radius:.3g}mm"
            if shape.frame:
                style += f",draw={_color(shape.frame)},line width={hairline * mm:.3g}mm"
            corner = _point(shape.x + shape.width, shape.y + shape.height)
            return rf"\path[{style}] {_point(shape.x, shape.y)} rectangle {corner};"
        case Rule():
            style = f"draw={_color(shape.color)},line width={shape.thick * mm:.3g}mm"
            return rf"\path[{style}] {_point(shape.x1, shape.y1)} -- {_point(shape.x2, shape.y2)};"
        case Band():
            middle = (shape.x1 + shape.x2) / 2
            style = f"draw={_color(shape.color)},line width={shape.thick * mm:.3g}mm"
            if shape.dashed:
                dash = f"{4 * hairline * mm:.3g}mm"
                style += f",dash pattern=on {dash} off {dash}"
            return (
                rf"\path[{style}] {_point(shape.x1, shape.y1)} .. controls "
                f"{_point(middle, shape.y1)} and {_point(middle, shape.y2)} .. "
                f"{_point(shape.x2, shape.y2)};"
            )
        case Words():
            return _node(shape, mm)


def _node(words: Words, mm: float) -> str:
    points = words.size * mm * _POINTS
    turned = f",rotate={-words.turned}" if words.turned else ""
    face = r"\bfseries" * words.bold + r"\itshape" * words.italic
    font = rf"\fontsize{{{points:.2f}}}{{{1.2 * points:.2f}}}\selectfont{face}"
    style = f"anchor={_BASE[words.anchor]}{turned},text={_color(words.fill)},font={{{font}}}"
    return rf"\node[{style}] at {_point(words.x, words.y)} {{{_escaped(words.text)}}};"


def _escaped(text: str) -> str:
    """Text that LaTeX sets as it is; ligatures are broken."""
    return "".join(_SPECIAL.get(character, character) for character in visible(text))


def _point(x: float, y: float) -> str:
    return f"({x:.5g},{y:.5g})"


def _color(color: str) -> str:
    red, green, blue = rgb(color)
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"
