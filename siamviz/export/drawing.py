"""Shapes in drawing order, before a format is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

TEXT = "#15191f"
QUIET = "#5d6672"
LINE = "#e4e7eb"
FONTS = ("Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "Noto Sans", "DejaVu Sans")
"""Sans-serif ones of about the same width, the best first."""

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Box:
    """A rectangle with rounded corners; without a colour there is no ground, or no thin frame."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    radius: float
    frame: str


@dataclass(frozen=True)
class Rule:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    color: str
    thick: float


@dataclass(frozen=True)
class Band:
    """A curve that leaves and arrives level, as a cubic Bézier curve."""

    x1: float
    y1: float
    x2: float
    y2: float
    color: str
    thick: float
    dashed: bool


@dataclass(frozen=True)
class Words:
    """One line of text whose baseline is at y, turned by degrees around (x, y)."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    bold: bool
    italic: bool
    anchor: Anchor
    turned: int


Shape = Box | Rule | Band | Words


@dataclass
class Drawing:
    """Shapes on a white ground.

    Attributes
    ----------
    title, description : str
        Said to those who cannot see it.
    width, height : float
    unit : {"px", "mm"}
        Of all lengths, font sizes too; y grows downward.
    hairline : float
        How thick thin lines are.
    shapes : list of Shape
    """

    title: str
    description: str
    width: float = 0.0
    height: float = 0.0
    unit: Literal["px", "mm"] = "px"
    hairline: float = 1.0
    shapes: list[Shape] = field(default_factory=list)

    def rectangle(
        self, x: float, y: float, width: float, height: float, fill: str, radius: float = 3,
        frame: str = "",
    ) -> None:  # fmt: skip
        """Add a rectangle with rounded corners."""
        self.shapes.append(Box(x, y, width, height, fill, radius, frame))

    def rule(self, x1: float, y1: float, x2: float, y2: float, color: str = LINE) -> None:
        """Add a thin line."""
        self.shapes.append(Rule(x1, y1, x2, y2, color, self.hairline))

    def band(
        self, x1: float, y1: float, x2: float, y2: float, color: str, thick: float,
        dashed: bool = False,
    ) -> None:  # fmt: skip
        """Add a curve that leaves and arrives level."""
        self.shapes.append(Band(x1, y1, x2, y2, color, thick, dashed))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 13,
        fill: str = TEXT,
        bold: bool = False,
        italic: bool = False,
        anchor: Anchor = "start",
        turned: int = 0,
    ) -> None:
        """Add one line of text whose baseline is at y, turned by degrees around (x, y)."""
        self.shapes.append(Words(x, y, text, size, fill, bold, italic, anchor, turned))
