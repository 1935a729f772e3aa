"""axe-core, the accessibility checker, on a part of a page."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Locator

from .packages import package

RUN = """async root => {
    const {violations} = await axe.run(root);
    return violations.flatMap(({id, help, nodes}) =>
        nodes.map(({html, failureSummary}) => `${id}: ${help}\\n${html}\\n${failureSummary}`));
}"""


@cache
def _source() -> str:
    return (package("axe-core") / "axe.min.js").read_text("utf-8")


def violations(root: Locator) -> list[str]:
    """What axe-core finds wrong with `root` and everything in it."""
    root.page.evaluate(f"if (!window.axe) {{ {_source()} }}")
    return root.evaluate(RUN)
