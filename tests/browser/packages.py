"""The npm packages that stand in for the CDN which nbconvert's pages name."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "js" / "node_modules"

NPM = re.compile(
    r"https://(?:unpkg\.com|cdn\.jsdelivr\.net/npm)/((?:@[\w-]+/)?[\w.-]+)(?:@[^/]*)?/([^?#]+)"
)
REQUIRE = re.compile(r"https://cdnjs\.cloudflare\.com/ajax/libs/require\.js/")


def package(name: str) -> Path:
    """The folder of an installed npm package."""
    folder = FOLDER / name
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} does not exist; `npm ci` in js/ installs it.")
    return folder


def from_npm(url: str) -> Path | None:
    """The installed file that a CDN serves at `url`, or None for what the pages can do without."""
    if REQUIRE.match(url):
        return package("requirejs") / "require.js"
    if (match := NPM.match(url)) and (FOLDER / match[1]).is_dir():
        file = FOLDER / match[1] / match[2]
        return next(filter(Path.is_file, (file, file.with_name(f"{file.name}.js"))), None)
    return None
