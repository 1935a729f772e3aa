"""Six pairs of texts with gold scores, for the tests of runs."""

from __future__ import annotations

import pandas as pd

PAIRS = pd.DataFrame(
    {
        "sentence1": [
            "A man is not happy.", "Two dogs run.", "She sleeps.", "The bank closed.",
            "It costs 20 dollars.", "A man is not happy.",
        ],
        "sentence2": [
            "A man is happy.", "Two cats sit.", "A woman is asleep.", "We sat on the river bank.",
            "It costs 30 dollars.", "A man is happy.",
        ],
        "gold": [0.1, 0.2, 0.9, 0.2, 0.4, 0.1],
        "genre": ["feeling", "animal", "rest", "place", "price", "feeling"],
        "year": ["2012", "2013", "2012", "2014", "2014", "2012"],
    }
)  # fmt: skip
QUICK = {"steps": 3, "progress": False}
