"""The tables of a study on disk: each is computed once for what it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.files import write_json, written

if TYPE_CHECKING:
    import pandas as pd


class Book:
    """A folder of tables as CSV files, each with what it was made of beside it.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(
        self, name: str, made_of: Mapping[str, Any], make: Callable[[], pd.DataFrame]
    ) -> pd.DataFrame:
        """Return the table of this name; `make` makes it unless it is there.

        Parameters
        ----------
        name : str
        made_of : mapping
            All that the table depends on, as JSON has it.
        make : callable
        """
        import pandas as pd

        path, noted = self.folder / f"{name}.csv", self.folder / f"{name}.json"
        digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
        if path.is_file() and noted.is_file():
            known = json.loads(noted.read_text("utf-8"))
            if known["digest"] == digest:
                return pd.read_csv(path) if path.stat().st_size > 1 else pd.DataFrame()
        frame = make()
        noted.unlink(missing_ok=True)
        with written(path) as aside:
            frame.to_csv(aside, index=False)
        write_json(noted, {"digest": digest, "made_of": made_of})
        return frame
