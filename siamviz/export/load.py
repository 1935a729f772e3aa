"""Results back from the files they were saved in."""

from __future__ import annotations

import os

from siamviz.attribution import PairAttribution
from siamviz.errors import InvalidArgumentError
from siamviz.export.payload import unpack
from siamviz.files import expanded

_SUFFIXES = (".json", ".svg", ".pdf", ".png", ".tex")


def load(path: str | os.PathLike[str]) -> PairAttribution:
    """Return the attribution that a file carries, with every number as it was.

    A `Figure` carries what it was made from; a picture or JSON what it shows, in the unit and fold
    that it was saved with. No code in the file is run.

    Parameters
    ----------
    path : str or path
        What `PairAttribution.save` or `Figure.save` wrote: .svg, .pdf, .png, .tex or .json.

    Raises
    ------
    InvalidArgumentError
        If there is no such file, or it is of another kind, carries no numbers, or damaged ones.
    """
    source = expanded(path)
    if source.suffix.lower() not in _SUFFIXES:
        raise InvalidArgumentError(
            f"Cannot load {str(source)!r}: numbers are kept in files that end in "
            f"{', '.join(_SUFFIXES)}."
        )
    if not source.is_file():
        raise InvalidArgumentError(f"Cannot load {str(source)!r}: there is no such file.")
    return PairAttribution.from_dict(unpack(source))
