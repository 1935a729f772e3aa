"""Colours of effects: blue and orange, or greys that a printer without colours keeps apart."""

from __future__ import annotations

from dataclasses import dataclass

from siamviz.color import hex_color

_DARKEST = 0.62
"""How far towards black a grey goes, so that a frame is seen on it."""
_FRAME = "#15191f"
_SEEN = 0.1
"""Share of the largest effect from which one is framed."""


@dataclass(frozen=True)
class Palette:
    """How effects are coloured.

    Attributes
    ----------
    grey : bool
        Greys that darken with size; what lowers the score has a frame, or is dashed.
    """

    grey: bool = False

    def fill(self, effect: float, limit: float) -> str:
        """Return the colour of an effect in [-limit, limit], ``#rrggbb``."""
        if not self.grey:
            return hex_color(effect, limit)
        strength = min(abs(effect) / limit, 1.0) if limit > 0 else 0.0
        level = round(255 * (1 - _DARKEST * strength))
        return f"#{level:02x}{level:02x}{level:02x}"

    def bar(self, effect: float) -> str:
        """Return the colour of bars and bands, whose size tells how large an effect is."""
        return self.fill(-0.75 if effect < 0 else 0.85, 1.0)

    def frame(self, effect: float, limit: float = 0.0) -> str:
        """Return the colour of the frame around an effect that is seen, or an empty string."""
        return _FRAME if self.grey and effect < -_SEEN * limit else ""

    @property
    def said(self) -> str:
        """How to read it."""
        if self.grey:
            return "Darker is stronger; what is framed or dashed lowers the score."
        return "Blue raises the score, orange lowers it."


COLOR = Palette()
