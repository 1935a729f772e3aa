"""Draw the README's pictures: ``python -m tests.benchmarks.pictures``."""

from __future__ import annotations

from pathlib import Path

import siamviz

TEXT_A = "The dog runs after the kitten in the yard."
TEXT_B = "Outside in the garden the cat is chased by the dog."
FOLDER = Path(__file__).parents[2] / "notebooks" / "pictures"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    pair = siamviz.Explainer().explain(TEXT_A, TEXT_B, baseline="corpus")
    file = FOLDER / "first-look.svg"
    pair.by("word").save(file)
    print(f"{file}: {pair}")


if __name__ == "__main__":
    main()
