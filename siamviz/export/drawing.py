"""The few SVG elements that the picture is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from siamviz.export.escape import escape

TEXT = "#15191f"
QUIET = "#5d6672"
LINE = "#e4e7eb"
FONTS = (
    "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'Noto Sans', 'DejaVu Sans', sans-serif"
)


@dataclass
class Drawing:
    """SVG elements in drawing order; coordinates are pixels, y grows downward."""

    elements: list[str] = field(default_factory=list)

    def rectangle(
        self, x: float, y: float, width: float, height: float, fill: str, radius: float = 3
    ) -> None:
        """Add a filled rectangle with rounded corners."""
        self.elements.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="{radius}" fill="{fill}"/>'
        )

    def rule(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Add a thin line."""
        self.elements.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{LINE}"/>'
        )

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
        anchor: str = "start",
        turned: int = 0,
    ) -> None:
        """Add one line of text whose baseline is at y, turned by degrees around (x, y)."""
        options = "".join(_options(x, y, bold, italic, anchor, turned))
        self.elements.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}"{options}>'
            f"{escape(text)}</text>"
        )

    def document(self, width: float, height: float, title: str, description: str) -> str:
        """Return the whole as an SVG document on white, described for those who cannot see it."""
        body = "\n".join(self.elements)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="{FONTS}">\n'
            f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n"
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
        )


def _options(
    x: float, y: float, bold: bool, italic: bool, anchor: str, turned: int
) -> Iterator[str]:
    if bold:
        yield ' font-weight="bold"'
    if italic:
        yield ' font-style="italic"'
    if anchor != "start":
        yield f' text-anchor="{anchor}"'
    if turned:
        yield f' transform="rotate({turned} {x:.1f} {y:.1f})"'
