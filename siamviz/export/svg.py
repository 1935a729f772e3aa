"""A drawing as SVG: text stays text, nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from siamviz.export.drawing import FONTS, Band, Box, Drawing, Rule, Shape, Words
from siamviz.export.escape import escape

FAMILY = ", ".join([*(f"'{name}'" for name in FONTS), "sans-serif"])


def to_svg(drawing: Drawing, metadata: str = "") -> str:
    """Return a drawing as an SVG document.

    Parameters
    ----------
    drawing : Drawing
    metadata : str
        Text of a ``<metadata>`` element.

    Returns
    -------
    str
        Valid XML 1.0 that refers to nothing outside; fonts are the reader's own sans-serif.
    """
    body = "\n".join(_element(shape, drawing.hairline) for shape in drawing.shapes)
    unit = "" if drawing.unit == "px" else drawing.unit
    width, height = _number(drawing.width), _number(drawing.height)
    kept = f"<metadata>{escape(metadata)}</metadata>\n" if metadata else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}{unit}" height="{height}{unit}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{FAMILY}">\n'
        f"<title>{escape(drawing.title)}</title>\n<desc>{escape(drawing.description)}</desc>\n"
        f'{kept}<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _element(shape: Shape, hairline: float) -> str:
    match shape:
        case Box():
            place = _attributes(x=shape.x, y=shape.y, width=shape.width, height=shape.height)
            frame = _stroke(shape.frame, hairline) if shape.frame else ""
            fill = shape.fill or "none"
            return f'<rect{place}{_attributes(rx=shape.radius)} fill="{fill}"{frame}/>'
        case Rule():
            ends = _attributes(x1=shape.x1, y1=shape.y1, x2=shape.x2, y2=shape.y2)
            return f"<line{ends}{_stroke(shape.color, shape.thick)}/>"
        case Band():
            middle = (shape.x1 + shape.x2) / 2
            points = (shape.x1, shape.y1, middle, shape.y1, middle, shape.y2, shape.x2, shape.y2)
            path = "M{} {}C{} {} {} {} {} {}".format(*map(_number, points))
            dashes = f' stroke-dasharray="{_number(4 * hairline)}"' if shape.dashed else ""
            return f'<path d="{path}" fill="none"{_stroke(shape.color, shape.thick)}{dashes}/>'
        case Words():
            place = _attributes(x=shape.x, y=shape.y)
            size = f' font-size="{_number(shape.size)}" fill="{shape.fill}"'
            return f"<text{place}{size}{''.join(_style(shape))}>{escape(shape.text)}</text>"


def _stroke(color: str, thick: float) -> str:
    return f' stroke="{color}"' + ("" if thick == 1 else f' stroke-width="{_number(thick)}"')


def _style(words: Words) -> Iterator[str]:
    if words.bold:
        yield ' font-weight="bold"'
    if words.italic:
        yield ' font-style="italic"'
    if words.anchor != "start":
        yield f' text-anchor="{words.anchor}"'
    if words.turned:
        yield f' transform="rotate({words.turned} {_number(words.x)} {_number(words.y)})"'


def _attributes(**lengths: float) -> str:
    return "".join(f' {name}="{_number(value)}"' for name, value in lengths.items())


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
