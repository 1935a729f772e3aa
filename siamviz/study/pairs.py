"""Pairs of a run that were asked for, and their attributions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, overload

from siamviz.attribution import PairAttribution

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.study.run import Run


class Pairs:
    """Some pairs of a run, whose items are their attributions.

    Attributes
    ----------
    run : Run
    """

    def __init__(self, run: Run, frame: pd.DataFrame) -> None:
        self.run, self._frame = run, frame

    def __len__(self) -> int:
        return len(self._frame)

    @overload
    def __getitem__(self, index: int) -> PairAttribution: ...
    @overload
    def __getitem__(self, index: slice) -> Pairs: ...
    def __getitem__(self, index: int | slice) -> PairAttribution | Pairs:
        if isinstance(index, slice):
            return Pairs(self.run, self._frame.iloc[index])
        if not -len(self) <= index < len(self):
            raise IndexError(f"There are {len(self)} pairs here, and none at {index}.")
        return self.run.pair(int(self._frame["row"].iloc[index]))

    def __iter__(self) -> Iterator[PairAttribution]:
        return (self[index] for index in range(len(self)))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows of the table "pairs"."""
        return self._frame.copy()

    def __repr__(self) -> str:
        return f"{len(self)} pairs of {str(self.run.folder)!r}\n{self._frame}"

    def _repr_html_(self) -> str:
        return self._frame.to_html(escape=True, max_rows=20, index=False)
