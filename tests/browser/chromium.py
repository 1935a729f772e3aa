"""Chromium under test: pages that note what goes wrong and what they ask the network for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route
from playwright.sync_api import sync_playwright as start_playwright

NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = Path(__file__).parents[2] / "out" / "browser"

Answer = Callable[[str], Path | None]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed Chrome or Chromium, else the one that Playwright fetched."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with start_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


class Watch:
    """A page of its own, and what went wrong in it.

    Attributes
    ----------
    page : Page
    errors : list of str
        Console errors and uncaught exceptions.
    outside : list of str
        Addresses beyond this machine; none was let through.
    requests : list of str
        All addresses that were asked for, the outside ones too.
    """

    def __init__(self, context: BrowserContext, answer: Answer = lambda url: None) -> None:
        self.page = context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.requests: list[str] = []
        self._answer = answer
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.errors.append(_uncaught(error.error)))
        context.on("request", lambda request: self.requests.append(request.url))
        context.route(_is_outside, self._stop)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _stop(self, route: Route) -> None:
        if file := self._answer(route.request.url):
            route.fulfill(path=file)
            return
        self.outside.append(route.request.url)
        route.abort()

    def take_errors(self, allowed: Iterable[str] = ()) -> list[str]:
        """Forget all errors and return those that no pattern of `allowed` covers."""
        patterns = [re.compile(pattern) for pattern in allowed]
        taken, self.errors[:] = list(self.errors), []
        return [error for error in taken if not any(p.search(error) for p in patterns)]


def _uncaught(error: Error) -> str:
    return f"uncaught: {error.message}\n{error.stack or ''}"[:2000]


def _is_outside(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname not in ("127.0.0.1", "localhost")


def screenshot(page: Page, name: str) -> Path:
    """Save what `page` shows as ``out/browser/<name>.png``."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    return file
