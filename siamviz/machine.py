"""What figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


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
