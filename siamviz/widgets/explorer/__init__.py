"""`ErrorExplorer`: the interactive view of a dataset run."""

from siamviz.widgets.explorer.explorer import ErrorExplorer

__all__ = ["ErrorExplorer"]
