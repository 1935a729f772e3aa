"""A drawing as PDF, or as SVG without fonts: set by Typst (the optional package ``typst``)."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Any

from siamviz.errors import InvalidArgumentError
from siamviz.export.drawing import FONTS, Drawing
from siamviz.export.escape import escape, visible


def obstacle() -> str:
    """Return why nothing can be typeset on this machine, or an empty string."""
    if importlib.util.find_spec("typst") is None:
        return "PDF and outlined text need the package typst: pip install 'siamviz[figures]'."
    return ""


def to_pdf(drawing: Drawing, numbers: str = "", outlined: bool = False) -> bytes:
    """Return a drawing as PDF, its text as text in embedded fonts.

    Parameters
    ----------
    drawing : Drawing
    numbers : str
        JSON that is attached as the file ``siamviz.json``.
    outlined : bool
        Text as outlines.

    Raises
    ------
    InvalidArgumentError
        If the package is missing.
    """
    inputs = {"numbers": numbers} if numbers else {}
    if outlined:
        inputs["outlined"] = to_outlined_svg(drawing)
    return _typeset(drawing, "pdf", **inputs)


def to_outlined_svg(drawing: Drawing, metadata: str = "") -> str:
    """Return a drawing as SVG, its text as outlines.

    Parameters
    ----------
    drawing : Drawing
    metadata : str
        Text of a ``<metadata>`` element.

    Raises
    ------
    InvalidArgumentError
        If the package is missing.
    """
    written = _typeset(drawing, "svg").decode("utf-8")
    opening, bracket, rest = written.partition(">")
    said = (("title", drawing.title), ("desc", drawing.description), ("metadata", metadata))
    told = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in said if text)
    return f"{opening}{bracket}{told}{rest}"


def _typeset(drawing: Drawing, form: str, **inputs: str) -> bytes:
    return typeset("typeset.typ", form, drawing=json.dumps(plain(drawing)), **inputs)


def plain(drawing: Drawing) -> dict[str, Any]:
    """Return a drawing as plain data for a template."""
    said = {**asdict(drawing), "fonts": FONTS}
    said["title"], said["description"] = visible(drawing.title), visible(drawing.description)
    said["shapes"] = [_shape(shape) for shape in drawing.shapes]
    return said


def typeset(template: str, form: str, **inputs: str) -> bytes:
    """Return what a template makes of its inputs.

    Parameters
    ----------
    template : str
        A file beside this one.
    form : {"pdf", "svg"}
    **inputs
        Text, by the names that the template knows.

    Raises
    ------
    InvalidArgumentError
        If the package typst is missing.
    """
    if obstacle():
        raise InvalidArgumentError(obstacle())
    import typst

    compiler: Any = typst
    source = _template("shapes.typ") + _template(template)
    return bytes(compiler.compile(source, format=form, sys_inputs=inputs))


def _shape(shape: Any) -> dict[str, Any]:
    found = {**asdict(shape), "shape": type(shape).__name__}
    return found | ({"text": visible(found["text"])} if "text" in found else {})


@cache
def _template(name: str) -> bytes:
    return resources.files("siamviz.export").joinpath(name).read_bytes()
