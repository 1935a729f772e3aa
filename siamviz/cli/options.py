"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any

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
_CHOICES = {"precision": PRECISIONS, "unit": UNITS}

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
        help="cosine or dot; by default the model's own.",
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
        help=f"The quadrature rule: {', '.join(RULES)}. By default adaptive; calibrated "
        "with --steps and for datasets.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        "-n",
        rich_help_panel=_INTEGRAL,
        help="The number of nodes of a fixed rule; with --rule alone, 32.",
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance",
        "-t",
        rich_help_panel=_INTEGRAL,
        help="The relative residual at which the adaptive rule stops, usually 0.01.",
    ),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(
        "--max-steps",
        rich_help_panel=_INTEGRAL,
        help="The number of nodes at which the adaptive rule gives up, usually 256.",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", rich_help_panel=_OUTPUT, help="Print JSON on standard output, nothing else."
    ),
]

MODEL: str = DEFAULT_MODEL


@dataclass(frozen=True)
class Subject:
    """What is explained, beside the two texts."""

    model: Model = MODEL
    layer: Layer = 0
    baseline: Baseline = "pad"
    similarity: Similarity = None


@dataclass(frozen=True)
class Integration:
    """How the integrals are taken."""

    rule: RuleName = None
    steps: Steps = None
    tolerance: Tolerance = None
    max_steps: MaxSteps = None
    precision: Precision = "auto"

    def quadrature(self) -> Rule | None:
        """Return the rule that the options describe; None leaves it to the explainer.

        Raises
        ------
        typer.BadParameter
            If options of a fixed rule stand beside those of the adaptive one.
        InvalidArgumentError
            For a rule or value that makes no sense.
        """
        from siamviz.quadrature import Adaptive, Calibrated, parse_rule

        of_adaptive = {"--tolerance": self.tolerance, "--max-steps": self.max_steps}
        adaptive = [name for name, value in of_adaptive.items() if value is not None]
        _check_together(self.rule, self.steps, adaptive)
        if adaptive or self.rule == Adaptive.key:
            usual = Adaptive()
            return Adaptive(
                usual.tolerance if self.tolerance is None else self.tolerance,
                usual.max_steps if self.max_steps is None else self.max_steps,
            )
        if self.rule is None:
            return None if self.steps is None else Calibrated(self.steps)
        return parse_rule(self.rule, self.steps)


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Let the command line see the options of each dataclass that `command` takes.

    An option that the command itself declares replaces the one of that name in its dataclass.
    """
    own = signature(command, eval_str=True).parameters
    groups = {
        name: parameter.annotation
        for name, parameter in own.items()
        if isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation)
    }
    shown: dict[str, Parameter] = {}
    for name, parameter in own.items():
        if name not in groups:
            shown.setdefault(name, parameter)
            continue
        for option, of_group in signature(groups[name], eval_str=True).parameters.items():
            shown[option] = own.get(option, of_group)

    @wraps(command)
    def run(**given: Any) -> None:
        made = {name: _taken(group, given, own) for name, group in groups.items()}
        command(**made, **given)

    vars(run)["__signature__"] = Signature(list(shown.values()))
    run.__annotations__ = {name: parameter.annotation for name, parameter in shown.items()}
    return run


def _taken(group: type[Any], given: dict[str, Any], own: Mapping[str, Parameter]) -> Any:
    names = [field.name for field in fields(group) if field.name not in own]
    return group(**{name: given.pop(name) for name in names})


def _check_together(rule: str | None, steps: int | None, adaptive: list[str]) -> None:
    if steps is not None and (adaptive or rule == "adaptive"):
        beside = adaptive[0] if adaptive else "--rule adaptive"
        raise typer.BadParameter(
            f"a fixed number of nodes does not go with {beside}, which refines until the residual "
            "is small enough. Give one of the two, or --max-steps to limit the refinement.",
            param_hint="--steps",
        )
    if adaptive and rule not in (None, "adaptive"):
        raise typer.BadParameter(
            f"{rule!r} does not take {' or '.join(adaptive)}, which only the adaptive rule has. "
            "Leave out --rule, or give --steps instead.",
            param_hint="--rule",
        )


def numbers(listed: str, name: str) -> list[int]:
    """Return the whole numbers of a list such as ``4,8,16``.

    Raises
    ------
    typer.BadParameter
    """
    try:
        return [int(part) for part in words(listed, name)]
    except ValueError:
        raise typer.BadParameter(
            f"{listed!r} is not a list of whole numbers. Separate them by commas, such as 4,8,16.",
            param_hint=name,
        ) from None


def words(listed: str, name: str) -> list[str]:
    """Return the parts of a list separated by commas.

    Raises
    ------
    typer.BadParameter
        If there are none.
    """
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    if not parts:
        raise typer.BadParameter(f"{listed!r} is empty. Name at least one.", param_hint=name)
    return parts


def check_names(**chosen: str) -> None:
    """Refuse an unknown precision or unit before a model is loaded."""
    from siamviz.errors import check_choice

    for what, value in chosen.items():
        check_choice(what.capitalize(), value, _CHOICES[what])
