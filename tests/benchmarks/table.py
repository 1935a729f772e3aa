"""One line of the table, the whole table as Markdown, and the machine it was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured quantity.

    Attributes
    ----------
    what : str
    measured, least, aim : str
        Each with its unit; empty where the issue names none.
    how : str
        What was compared with what, in one sentence.
    """

    what: str
    measured: str
    least: str = ""
    aim: str = ""
    how: str = ""


def skipped(what: str, reason: str) -> Row:
    """A line that says why there is no number."""
    return Row(what, "skipped", how=reason)


def markdown(rows: Iterable[Row]) -> str:
    """The table in Markdown."""
    lines = ["| what | measured | at least | aim | how |", "|---|---|---|---|---|"]
    lines += [f"| {r.what} | {r.measured} | {r.least} | {r.aim} | {r.how} |" for r in rows]
    return "\n".join(lines)


def machine() -> str:
    """CPU model, cores, threads and versions in one line."""
    import torch

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        name = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), name)
    parts = [
        name,
        f"{os.cpu_count()} cores",
        f"{torch.get_num_threads()} threads",
        f"Python {platform.python_version()}",
        f"PyTorch {torch.__version__}",
        f"float32 matmul precision {torch.get_float32_matmul_precision()}",
    ]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)
