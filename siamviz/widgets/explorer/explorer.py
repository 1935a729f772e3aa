"""`ErrorExplorer`: from all pairs of a run to the word pairs that cause the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ipywidgets import Box, VBox
from numpy.typing import NDArray
from traitlets import Bool

from siamviz.errors import ArgumentTypeError
from siamviz.export.bundle import EXPLORER
from siamviz.widgets import choices
from siamviz.widgets.choices import Setting
from siamviz.widgets.explorer.filters import Filter, parse
from siamviz.widgets.explorer.panel import Panel
from siamviz.widgets.explorer.picture import Picture
from siamviz.widgets.explorer.points import Dataset
from siamviz.widgets.explorer.session import Session
from siamviz.widgets.pair_view import PairView

if TYPE_CHECKING:
    import pandas as pd

    from siamviz.study.run import Run


class ErrorExplorer(VBox):
    """An interactive view of a dataset run, for Jupyter.

    A scatter of gold × predicted scores (box, lasso, click), a histogram of the errors, slices,
    the word pairs that do most harm, and the list of all pairs narrow each other down: what is
    selected in one is what the others show. The pair view of the selected pair stands beside the
    list. Stars and tags are saved with the run at once.

    Keys: j and k step through the list, s stars, t tags, Enter goes to the pair view, / searches.

    Parameters
    ----------
    run : Run
    compare : Run, optional
        A former run over the same texts: arrows lead from its scores to those of `run`, and the
        list begins with the pairs whose errors have grown most.
    theme : {"auto", "light", "dark"}

    Attributes
    ----------
    live : bool
        Whether the pair view computes with the run's model, so that layer, baseline and steps can
        be changed there; otherwise it shows what the run has stored.

    Raises
    ------
    ArgumentTypeError
        If `run` or `compare` is no Run.
    DataError
        If the runs have no pair of texts in common.
    ImportError
        If Bokeh is not installed.
    FrontEndMissingError
        In a clone whose front end is not built.

    Examples
    --------
    >>> explorer = ErrorExplorer(siamviz.Run("run/"))  # doctest: +SKIP
    >>> explorer.select("gold < 0.3 and score > 0.7")  # doctest: +SKIP
    >>> explorer.selection  # doctest: +SKIP
    """

    theme = Setting(
        "auto", choices.one_of(*choices.THEMES), 'The colours: "auto" follows the notebook.'
    ).tag(sync=False)
    live = Bool(help="Whether the pair view computes with the run's model.")

    def __init__(self, run: Run, *, compare: Run | None = None, theme: str = "auto") -> None:
        EXPLORER.check_built()
        _check_run("run", run)
        if compare is not None:
            _check_run("compare", compare)
        data = Dataset.read(run, compare)
        self._picture = Picture(run, self._tell_picture, theme)
        self._session = Session(
            data, self._tell_board, self._tell_pairs, self._picture.show, self._set_live
        )
        self._board = Panel("board", self._session.handle, theme)
        self._pairs = Panel("list", self._session.handle, theme)
        self.run = run
        self._beside = Box([self._pairs, self._picture])
        super().__init__([self._board, self._beside], layout={"width": "100%"})
        self.theme = theme
        self.observe(lambda change: self._set_theme(change["new"]), names="theme")
        self.observe(lambda change: self._picture.set_live(change["new"]), names="live")
        for box, name in ((self, "explorer"), (self._beside, "beside"), (self._pairs, "pairs")):
            box.add_class(f"siamviz-{name}")
        compared = "" if compare is None else compare.folder.resolve().name
        self._session.begin(run.folder.resolve().name, str(run.settings.model), compared)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The rows of the pairs under study, in the order of the list, (n,)."""
        return self._session.choosing.chosen.rows

    @property
    def selection(self) -> pd.DataFrame:
        """The pairs under study: the run's table "pairs", in the order of the list."""
        chosen = self._session.choosing.chosen
        frame = self.run.pairs(None if chosen.is_all else chosen.rows).to_frame()
        return frame.set_index("row", drop=False).loc[chosen.rows].reset_index(drop=True)

    @property
    def current(self) -> int | None:
        """The row of the pair that is looked at."""
        return self._session.current

    @property
    def view(self) -> PairView | None:
        """The pair view beside the list; None before a pair was opened."""
        return self._picture.view

    def select(self, which: Any = None) -> None:
        """Choose the pairs under study; all filters that were there before are taken away.

        Parameters
        ----------
        which : str, list of rows or pair_ids, Series or DataFrame, optional
            An SQL condition over the pairs, or the pairs themselves. None selects all.

        Raises
        ------
        DataError
            If the condition is no SQL over the pairs.
        InvalidArgumentError
            If a pair is not in the run.
        """
        if which is None:
            self._session.choosing.clear()
        elif isinstance(which, str):
            self._session.choosing.replace(parse("sql", which))
        else:
            rows = self.run.pairs(which).to_frame()["row"]
            self._session.choosing.replace(Filter("given", tuple(int(row) for row in rows)))
        self._session.tell_chosen()

    def show(self, row: int | None) -> None:
        """Look at the pair of a row: it is marked in the scatter, and its picture computed.

        Raises
        ------
        InvalidArgumentError
            If the run has no such row.
        """
        self._session.show(row)

    def wait(self) -> None:
        """Wait until the tables and the picture are up to date."""
        self._session.following.wait()
        self._picture.wait()

    def close(self) -> None:
        """Stop computing and remove the view."""
        if getattr(self, "_session", None) is not None:
            self._session.following.stop()
            for part in (self._picture, self._board, self._pairs, self._beside):
                part.close()
        super().close()

    def _tell_board(self, event: dict[str, Any]) -> None:
        self._board.tell(event)

    def _tell_pairs(self, event: dict[str, Any]) -> None:
        self._pairs.tell(event)

    def _tell_picture(self, working: bool, error: str) -> None:
        self._pairs.tell({"kind": "working", "working": working, "live": self.live})
        if error:
            self._pairs.tell({"kind": "failed", "error": error})

    def _set_live(self, live: bool) -> None:
        self.live = live

    def _set_theme(self, theme: str) -> None:
        self._board.theme = self._pairs.theme = theme
        self._picture.set_theme(theme)

    def __repr__(self) -> str:
        return f"ErrorExplorer({str(self.run.folder)!r}, {len(self.rows):,} pairs under study)"


def _check_run(name: str, value: Any) -> None:
    from siamviz.study.run import Run

    if not isinstance(value, Run):
        raise ArgumentTypeError(
            f"{name} must be a siamviz.Run, such as siamviz.Run('run/'), got "
            f"{type(value).__name__}."
        )
