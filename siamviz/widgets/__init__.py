"""Widgets for notebooks: `pair_view.PairView`, its worker thread and its messages."""
