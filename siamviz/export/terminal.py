"""The picture in a terminal, with rich; plain text where there is no colour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from siamviz.color import hex_color, ink
from siamviz.export.compose import draw
from siamviz.export.escape import label
from siamviz.export.numbers import compact, percent, signed
from siamviz.export.picture import Heading, Picture, Sentence

if TYPE_CHECKING:
    from siamviz.attribution import PairAttribution

_READABLE = 24
_WIDEST_ROW_HEADING = 16
_WIDEST_COLUMN = 9
_SUM_WIDTH = 7
_PALE = 0.04
_BAR = 16


@dataclass(frozen=True)
class _Palette:
    """Colours for the terminal's background."""

    dark: bool

    def style(self, value: float, limit: float, strong: bool = False) -> str:
        """Return rich's style for a value; none for values that would hardly be seen."""
        if not limit or abs(value) < _PALE * limit:
            return ""
        color = hex_color(value, limit, self.dark)
        return f"{'bold ' if strong else ''}{ink(color)} on {color}"


def render(pair: PairAttribution, console: Console | None = None, *, top: int = 10) -> None:
    """Print the picture of a pair.

    Parameters
    ----------
    pair : PairAttribution
    console : rich.console.Console, optional
        Where to; by default standard output. Nothing but text is written if it is no terminal,
        or if it has no colours (``NO_COLOR``).
    top : int
        How many of the strongest pairs to list.
    """
    console = console or Console()
    picture = draw(pair, _READABLE, top)
    plain = console.no_color or not console.is_terminal
    for line in _lines(picture, console.width, _Palette(_dark_background())):
        shown = line.plain.rstrip() if plain else line
        console.print(shown, markup=False, highlight=False, emoji=False)


def _dark_background() -> bool:
    """Whether the terminal is dark, as far as ``COLORFGBG`` tells; most terminals are."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return background not in ("7", "15")


def _lines(picture: Picture, width: int, palette: _Palette) -> Iterator[Text]:
    yield Text(" · ".join(map(label, picture.settings)), style="dim")
    yield Text(picture.ledger(), style="bold")
    yield Text(label(picture.certificate), style="dim")
    for note in picture.notes:
        yield Text(f"! {label(note)}", style="yellow")
    yield Text()
    for sentence in picture.sentences:
        yield _sentence(sentence, picture.sentence_limit, palette)
    yield from _matrix(picture, width, palette)
    yield Text()
    yield Text(picture.legend(), style="dim")
    yield from _links(picture, width)


def _sentence(sentence: Sentence, limit: float, palette: _Palette) -> Text:
    text = Text(f"{sentence.name}  ", style="bold")
    for mark in sentence.marks:
        text.append(_inline(mark.lead), style="not bold")
        style = "dim" if mark.special else palette.style(mark.effect, limit, mark.strong)
        text.append(label(mark.text), style=f"not bold {style}")
    text.append(_inline(sentence.tail), style="not bold")
    return text


def _inline(text: str) -> str:
    """Return the text between two marks on one line."""
    return label(text) if text.strip() else " " if text else ""


def _fit(text: str, width: int, right: bool = False) -> str:
    """Return `text` in exactly `width` cells, cut with an ellipsis or padded."""
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + "…"
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def _matrix(picture: Picture, width: int, palette: _Palette) -> Iterator[Text]:
    """Yield the matrix in blocks of columns that fit the width."""
    widest = max(cell_len(heading.text) for heading in picture.rows)
    margin = min(max(widest, 3), _WIDEST_ROW_HEADING, max(width // 3, 3))
    widths = _cell_widths(picture, max(width - margin - _SUM_WIDTH, 1))
    for block in _blocks(widths, max(width - margin - _SUM_WIDTH, 1)):
        yield Text()
        yield _column_headings(picture, block, margin, widths)
        for row in range(len(picture.rows)):
            yield _row(picture, row, block, margin, widths, palette)
        yield _column_totals(picture, block, margin, widths)


def _cell_widths(picture: Picture, room: int) -> list[int]:
    """Return each column's width: that of its heading, less where all columns then fit."""
    columns = range(len(picture.columns))
    numbers = [
        max(
            *(len(picture.number(row, column)) for row in range(len(picture.rows))),
            len(compact(picture.columns[column].total, picture.decimals)),
            3,
        )
        for column in columns
    ]
    headings = [min(cell_len(heading.text), _WIDEST_COLUMN) for heading in picture.columns]
    wanted = [max(pair) for pair in zip(headings, numbers, strict=True)]
    fitted = list(wanted)
    while sum(fitted) + len(fitted) > room:
        longest = max(columns, key=lambda column: fitted[column] - numbers[column])
        if fitted[longest] == numbers[longest]:
            return wanted
        fitted[longest] -= 1
    return fitted


def _blocks(widths: list[int], room: int) -> Iterator[range]:
    """Yield ranges of columns, as many as fit side by side."""
    start, used = 0, 0
    for column, width in enumerate(widths):
        if used + width + 1 > room and column > start:
            yield range(start, column)
            start, used = column, 0
        used += width + 1
    yield range(start, len(widths))


def _is_last(picture: Picture, block: range) -> bool:
    return block.stop == len(picture.columns)


def _heading_style(heading: Heading) -> str:
    return "dim" if heading.special else "bold" if heading.strong else ""


def _column_headings(picture: Picture, block: range, margin: int, widths: list[int]) -> Text:
    line = Text(" " * margin)
    for column in block:
        heading = picture.columns[column]
        cell = widths[column]
        inset = " " * max((cell - cell_len(heading.text)) // 2, 0)
        line.append(" ")
        line.append(_fit(inset + heading.text, cell), style=_heading_style(heading))
    if _is_last(picture, block):
        line.append("sum".rjust(_SUM_WIDTH), style="dim")
    return line


def _row(
    picture: Picture,
    row: int,
    block: range,
    margin: int,
    widths: list[int],
    palette: _Palette,
) -> Text:
    heading = picture.rows[row]
    line = Text()
    line.append(_fit(heading.text, margin, right=True), style=_heading_style(heading))
    for column in block:
        value = float(picture.values[row, column])
        style = palette.style(value, picture.limit, picture.strong(row, column))
        line.append(" ")
        line.append(f"{picture.number(row, column):^{widths[column]}}", style=style)
    if _is_last(picture, block):
        line.append(compact(heading.total, picture.decimals).rjust(_SUM_WIDTH), style="dim")
    return line


def _column_totals(picture: Picture, block: range, margin: int, widths: list[int]) -> Text:
    line = Text("sum".rjust(margin), style="dim")
    for column in block:
        total = compact(picture.columns[column].total, picture.decimals)
        line.append(f" {total:^{widths[column]}}")
    if _is_last(picture, block):
        grand = compact(float(picture.values.sum()), picture.decimals)
        line.append(grand.rjust(_SUM_WIDTH))
    return line


def _links(picture: Picture, width: int) -> Iterator[Text]:
    if not picture.links:
        return
    yield Text()
    yield Text("Pairs by effect", style="bold")
    names = [f"{link.a} × {link.b}" for link in picture.links]
    room = min(max(map(cell_len, names)), max(width - 24, 8))
    for link, name in zip(picture.links, names, strict=True):
        line = Text(f"{link.rank:>2}  ", style="dim")
        line.append(_fit(name, room), style="not dim bold" if link.strong else "not dim")
        effect = signed(link.effect, picture.decimals + 1)
        line.append(f"  {effect:>8}", style="not dim")
        line.append(f"  {percent(link.share):>6}")
        if width - line.cell_len > _BAR + 2:
            length = round(_BAR * min(abs(link.effect) / picture.limit, 1.0))
            color = hex_color(0.7 if link.effect > 0 else -0.6, 1.0)
            line.append("  " + "█" * length, style=f"not dim {color}")
        yield line
