"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from siamviz.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from siamviz.quadrature import Rule

_INPUT = "Model and input"
_INTEGRAL = "Integration"
_OUTPUT = "Output"

RULES = ("gauss-legendre", "midpoint", "trapezoid", "right-riemann", "calibrated", "adaptive")
BASELINES = ("pad", "pad-shifted", "mask", "unk", "zero", "mean", "corpus")
TRIED = tuple(name for name in BASELINES if name != "pad-shifted")
PRECISIONS = ("auto", "float32", "float64", "bfloat16")
UNITS = ("token", "word", "sentence")
SIMILARITIES = ("cosine", "dot")
_CHOICES = {"similarity": SIMILARITIES, "precision": PRECISIONS, "unit": UNITS}

TextA = Annotated[str, typer.Argument(metavar="A", help="The first text.", show_default=False)]
TextB = Annotated[str, typer.Argument(metavar="B", help="The second text.", show_default=False)]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        rich_help_panel=_INPUT,
        help="A sentence-transformers model: its name or its folder.",
    ),
]
Layer = Annotated[
    int,
    typer.Option(
        "--layer",
        "-l",
        rich_help_panel=_INPUT,
        help="Attribute to the hidden states of this layer: 0 is the input of the first, "
        "-1 the output of the last.",
    ),
]
Baseline = Annotated[
    str,
    typer.Option(
        "--baseline",
        "-b",
        metavar="NAME",
        rich_help_panel=_INPUT,
        help="The reference that each text is compared with: "
        f"{', '.join(BASELINES)}, or a text. Only with corpus do the pairs alone "
        "explain the score of most models; it takes longer.",
    ),
]
Similarity = Annotated[
    str | None,
    typer.Option(
        "--similarity",
        metavar="NAME",
        rich_help_panel=_INPUT,
        help="cosine or dot.",
        show_default="the model's own",
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        "--precision",
        metavar="NAME",
        rich_help_panel=_INTEGRAL,
        help="auto (float32, and float64 where that cannot resolve the path), float32, float64, "
        "or bfloat16 (a preview).",
    ),
]
RuleName = Annotated[
    str | None,
    typer.Option(
        "--rule",
        metavar="NAME",
        rich_help_panel=_INTEGRAL,
        help=f"The quadrature rule: {', '.join(RULES)}.",
        show_default="adaptive, or calibrated with --steps",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        "-n",
        rich_help_panel=_INTEGRAL,
        help="The number of nodes of a fixed rule.",
        show_default="32 with --rule",
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance",
        "-t",
        rich_help_panel=_INTEGRAL,
        help="The relative residual at which the adaptive rule stops.",
        show_default="0.01",
    ),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(
        "--max-steps",
        rich_help_panel=_INTEGRAL,
        help="The number of nodes at which the adaptive rule gives up.",
        show_default="256",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", rich_help_panel=_OUTPUT, help="Print JSON on standard output, nothing else."
    ),
]

MODEL: str = DEFAULT_MODEL


def quadrature(
    rule: str | None, steps: int | None, tolerance: float | None, max_steps: int | None
) -> Rule | None:
    """Return the rule that the options describe; None leaves it to the explainer.

    Raises
    ------
    typer.BadParameter
        If options of a fixed rule stand beside those of the adaptive one.
    InvalidArgumentError
        For a rule or value that makes no sense.
    """
    from siamviz.quadrature import Adaptive, Calibrated, parse_rule

    adaptive = {
        name: value
        for name, value in (("tolerance", tolerance), ("max_steps", max_steps))
        if value is not None
    }
    _check_together(rule, steps, [f"--{name.replace('_', '-')}" for name in adaptive])
    if adaptive or rule == Adaptive.key:
        return Adaptive(**adaptive)
    if rule is None:
        return None if steps is None else Calibrated(steps)
    return parse_rule(rule, steps)


def _check_together(rule: str | None, steps: int | None, adaptive: list[str]) -> None:
    if steps is not None and (adaptive or rule == "adaptive"):
        beside = adaptive[0] if adaptive else "--rule adaptive"
        raise typer.BadParameter(
            f"--steps fixes the number of nodes, but with {beside} the rule refines until the "
            "residual is small enough. Give one of the two; --max-steps limits the adaptive rule.",
            param_hint="--steps",
        )
    if adaptive and rule not in (None, "adaptive"):
        raise typer.BadParameter(
            f"{' and '.join(adaptive)} belong to the adaptive rule, not to {rule!r}. Leave out "
            "--rule, or give --steps instead.",
            param_hint="--rule",
        )


def numbers(listed: str, name: str) -> list[int]:
    """Return the whole numbers of a list such as ``4,8,16``.

    Raises
    ------
    typer.BadParameter
    """
    try:
        return [int(part) for part in words(listed)]
    except ValueError:
        raise typer.BadParameter(
            f"{listed!r} is not a list of whole numbers. Separate them by commas, such as 4,8,16.",
            param_hint=name,
        ) from None


def words(listed: str) -> list[str]:
    """Return the parts of a list separated by commas."""
    return [part.strip() for part in listed.split(",") if part.strip()]


def check_names(**chosen: str | None) -> None:
    """Refuse an unknown similarity, precision or unit before a model is loaded."""
    from siamviz.errors import check_choice

    for what, value in chosen.items():
        if value is not None:
            check_choice(what.capitalize(), value, _CHOICES[what])
