"""Notebooks made of cells."""

from __future__ import annotations

import textwrap

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def notebook(*cells: str) -> nbformat.NotebookNode:
    """A notebook of code cells, for the Python that runs the tests."""
    return new_notebook(
        cells=[new_code_cell(textwrap.dedent(cell).strip()) for cell in cells],
        metadata={"kernelspec": KERNEL},
    )
