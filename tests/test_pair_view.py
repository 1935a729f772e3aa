"""The pair view's Python half: traits, computations, messages, files, notebooks."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator

import comm
import numpy as np
import pytest
from builders import TEXT_A, TEXT_B, pair
from frontend import FrontEnd
from numpy.testing import assert_allclose, assert_array_equal

import siamviz
from siamviz import PairView
from siamviz.attribution import PairAttribution
from siamviz.corpus import Corpus
from siamviz.deletion import DeletionEffects
from siamviz.errors import (
    ArgumentTypeError,
    CancelledError,
    FrontEndMissingError,
    InvalidArgumentError,
    InvalidTextError,
)
from siamviz.export import bundle
from siamviz.widgets.computation import Computation
from siamviz.widgets.selection import Selection

A, B = "The dog runs.", "A cat sleeps in the yard."
CHEAP = {"rule": "gauss-legendre", "steps": 4, "layer": 4}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let new widgets find a front end."""
    monkeypatch.setattr(comm, "create_comm", FrontEnd)
    yield


@pytest.fixture
def live(connected, explainer) -> Iterator[PairView]:
    """A view with a front end, its first result there."""
    view = PairView(explainer, A, B, **CHEAP)
    view.comm.wait("frame", final=True)
    assert view.attribution is not None
    yield view
    view.close()


def explained(explainer, layer=4, steps=4, **options) -> PairAttribution:
    """The same computation, asked for plainly."""
    options = {"quadrature": "gauss-legendre", "steps": steps, **options}
    return explainer.explain(A, B, layer=layer, **options)


class TestWithoutAKernel:
    def test_the_attribution_is_computed_when_it_is_asked_for(self, explainer) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        assert view._frame == b""
        assert_array_equal(view.attribution.matrix, explained(explainer).matrix)
        assert view._frame[:4] == b"siam"
        view.layer = 5
        assert_array_equal(view.attribution.matrix, explained(explainer, layer=5).matrix)

    def test_no_thread_is_started(self, explainer) -> None:
        before = threading.active_count()
        view = PairView(explainer, A, B, **CHEAP)
        view.layer = 5
        assert view.attribution.settings.layer == 5
        assert threading.active_count() == before

    def test_unit_fold_and_similarity_are_applied(self, explainer) -> None:
        view = PairView(explainer, A, B, unit="word", folded=True, similarity="dot", **CHEAP)
        wanted = explained(explainer).as_similarity("dot").fold().by("word")
        assert_allclose(view.attribution.matrix, wanted.matrix, rtol=1e-6)
        assert (view.attribution.unit, view.attribution.similarity) == ("word", "dot")

    def test_the_explainer_makes_views(self, explainer) -> None:
        view = explainer.view(A, B, unit="word", **CHEAP)
        assert isinstance(view, PairView)
        assert (view.text_a, view.unit, view.model_name) == (A, "word", "all-MiniLM-L6-v2")
        assert (view.layers, view.live) == (6, True)
        assert view.baselines == ["pad", "pad-shifted", "mask", "unk", "zero", "mean", "corpus"]

    def test_an_error_of_the_computation_is_raised(self, explainer) -> None:
        view = PairView(explainer, A, B, baseline=np.zeros((3, 384)), **CHEAP)
        for _ in range(2):
            with pytest.raises(InvalidArgumentError, match=r"must have shape \(6, 384\)"):
                _ = view.attribution
        view.baseline = "mask"
        assert view.attribution.settings.baseline == "mask"

    def test_works_where_ipykernel_is_not_installed(self) -> None:
        code = (
            "import sys; sys.modules['ipykernel'] = None\n"
            "from tests.builders import pair\n"
            "view = pair().view(unit='word')\n"
            "assert view.attribution.unit == 'word'\n"
            "assert 'text/html' in view._repr_mimebundle_()[0]\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_importing_siamviz_imports_no_widgets(self) -> None:
        code = "import siamviz, sys; assert not {'anywidget', 'traitlets'} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True)


class TestTraits:
    def test_every_setting_has_a_help_text_and_stands_in_the_class_docstring(self) -> None:
        for name, trait in PairView.class_traits().items():
            if name in PairView.settings() or trait.read_only and not name.startswith("_"):
                if trait.this_class.__module__.startswith("siamviz"):
                    assert len(trait.help) > 10, name
                    assert f"    {name}" in PairView.__doc__.replace(", ", "\n    "), name

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("text_a", "", "text_a is empty"),
            ("text_b", 7, "text_b must be a str, got int"),
            ("layer", 7, "layer 7 is out of range: this model has 6 encoder layers"),
            ("layer", 1.5, "layer must be an int from 0 to 6, got 1.5"),
            ("baseline", "maks", "Did you mean 'mask'?"),
            ("baseline", 3, "A baseline must be one of"),
            ("rule", "calibrate", "Did you mean 'calibrated'?"),
            ("steps", 0, "steps must be 1 or more, got 0"),
            ("steps", True, "steps must be a whole number, got True"),
            ("tolerance", 1, "tolerance must be greater than 0 and less than 1"),
            ("references", 1, "references must be 2 or more, got 1"),
            ("similarity", "cos", "Did you mean 'cosine'?"),
            ("unit", "words", "Did you mean 'word'?"),
            ("folded", 1, "folded must be True or False, got 1"),
            ("view", "matrx", "Did you mean 'matrix'?"),
            ("top_k", -1, "top_k must be 0 or more, got -1"),
            ("threshold", float("nan"), "threshold must be 0 or more and finite, got nan"),
            ("threshold", "x", "threshold must be a number, got 'x'"),
            ("limit", 0, "limit must be greater than 0, or None, got 0"),
            ("special", None, "special must be True or False, got None"),
            ("theme", "drak", "Did you mean 'dark'?"),
            ("pins", [{"a": [1]}], r"pins[0] must be like"),
            ("pins", [{"a": [], "b": []}], "got two empty lists"),
            ("pins", [{"a": [-1], "b": []}], r"got [-1] for 'a'"),
            ("pins", 3, "pins must be a list of pinned blocks, got 3"),
            ("compare", 3, "compare must be None or a dict"),
            ("compare", {}, "says nothing to compare with"),
            ("compare", {"baselin": "mask"}, "Did you mean 'baseline'?"),
            ("compare", {"baseline": "maks"}, "Did you mean 'mask'?"),
            ("compare", {"layer": 9}, "layer 9 is out of range"),
            ("compare", {"text_b": " "}, "text_b of compare is empty"),
            ("compare", {"method": "deletions"}, "Did you mean 'deletion'?"),
            ("compare", {"method": "deletion", "layer": 1}, "or too much"),
            ("compare", {"model": 3}, "must be an Explainer or the name of a model, got 3"),
        ],
    )
    def test_a_bad_value_is_refused_and_the_old_one_kept(
        self, explainer, name, value, message
    ) -> None:
        view = PairView(explainer, A, B)
        before = getattr(view, name)
        with pytest.raises(siamviz.SiamvizError) as error:
            setattr(view, name, value)
        assert message in str(error.value)
        assert getattr(view, name) == before

    def test_a_bad_value_among_several_takes_all_back(self, explainer) -> None:
        view = PairView(explainer, A, B)
        with pytest.raises(InvalidArgumentError), view.hold_trait_notifications():
            view.layer = 3
            view.steps = 8
            view.baseline = "maks"
        assert (view.layer, view.steps, view.baseline) == (0, 16, "pad")

    def test_steps_that_the_rule_cannot_have_are_refused(self, explainer) -> None:
        view = PairView(explainer, A, B, rule="trapezoid", steps=2)
        with pytest.raises(InvalidArgumentError, match="Trapezoid must be a whole number of at"):
            view.steps = 1
        assert view.steps == 2
        with view.hold_trait_notifications():
            view.steps = 1
            view.rule = "midpoint"
        assert (view.rule, view.steps) == ("midpoint", 1)

    def test_an_unknown_keyword_is_a_type_error_with_a_hint(self, explainer) -> None:
        with pytest.raises(TypeError, match="'basline' is no trait of PairView. Did you mean"):
            PairView(explainer, A, B, basline="pad")
        with pytest.raises(TypeError, match="'live' is no trait"):
            PairView(explainer, A, B, live=True)

    def test_bad_arguments_say_what_a_view_takes(self, explainer) -> None:
        with pytest.raises(ArgumentTypeError, match=r"takes an Explainer and two texts"):
            PairView(explainer, A)
        with pytest.raises(ArgumentTypeError, match="got str and 1 texts"):
            PairView(A, B)
        with pytest.raises(InvalidTextError, match="text_b is empty"):
            PairView(explainer, A, " ")
        with pytest.raises(InvalidArgumentError, match="layer 9 is out of range"):
            PairView(explainer, A, B, layer=9)

    def test_what_only_the_view_knows_cannot_be_set(self, explainer) -> None:
        view = PairView(explainer, A, B)
        with pytest.raises(Exception, match="read-only"):
            view.live = False

    def test_the_last_layer_may_be_called_minus_one(self, explainer) -> None:
        assert PairView(explainer, A, B, layer=-1).layer == 6

    def test_a_baseline_that_is_no_name_is_shown_by_its_label(self, explainer) -> None:
        corpus = Corpus(references=4, balanced=False)
        view = PairView(explainer, A, B, baseline=corpus, **CHEAP)
        assert view.baseline is corpus
        assert view.get_state("baseline") == {"baseline": "corpus(4, drawn)"}
        assert view.baselines[-1] == "corpus(4, drawn)"
        view.baseline = "mask"
        view.baseline = "corpus(4, drawn)"
        assert view.baseline is corpus
        assert view.attribution.settings.baseline == "corpus(4, drawn)"

    def test_the_corpus_by_name_takes_the_references_of_the_view(self, explainer) -> None:
        view = PairView(explainer, A, B, baseline="corpus", references=3, **CHEAP)
        assert view.attribution.settings.baseline == "corpus(3, balanced)"
        view.references = 2
        assert view.attribution.settings.baseline == "corpus(2, balanced)"

    def test_each_side_may_have_its_own_baseline(self, explainer) -> None:
        view = PairView(explainer, A, B, baseline=("pad", "mask"), **CHEAP)
        assert view.attribution.settings.baseline == "pad | mask"
        assert view.get_state("baseline") == {"baseline": "pad | mask"}


class TestSelection:
    def test_pins_have_the_exact_sums_of_their_cells(self, explainer) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        view.pins = [{"a": [2, 1], "b": [3]}, {"a": [], "b": [2]}]
        matrix = explained(explainer).matrix.astype(float)
        first, second = view.selection
        assert first.effect == pytest.approx(matrix[1, 3] + matrix[2, 3], rel=1e-12)
        assert first.share == pytest.approx(first.effect / explained(explainer).score)
        assert [token.text for token in first.tokens_a] == ["The", "dog"]
        assert second.effect == pytest.approx(matrix[:, 2].sum(), rel=1e-12)
        assert len(second.tokens_a) == len(matrix)
        assert view.pins == [{"a": [1, 2], "b": [3]}, {"a": [], "b": [2]}]

    def test_sums_follow_similarity_and_fold_and_stay_by_token(self, explainer) -> None:
        view = PairView(explainer, A, B, folded=True, unit="sentence", **CHEAP)
        view.pins = [{"a": [1], "b": [3]}]
        assert view.selection[0].effect == explained(explainer).folded_matrix[1, 3]

    def test_a_selection_is_frozen_and_reads_as_a_line(self) -> None:
        token = siamviz.Token("cat")
        one = Selection((token,), (token,), 0.25, 0.5)
        assert str(one) == "cat × cat +0.2500 (50%)"
        with pytest.raises(AttributeError):
            one.effect = 1.0

    def test_pins_of_other_texts_are_left_out(self, explainer) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        view.pins = [{"a": [1], "b": [7]}]
        assert len(view.selection) == 1
        view.text_b = "Cats."
        assert view.selection == []


class TestCompare:
    @pytest.mark.parametrize(
        ("compare", "options"),
        [
            ({"baseline": "mask"}, {"baseline": "mask"}),
            ({"layer": 5}, {"layer": 5}),
            ({"layer": 5, "baseline": "unk"}, {"layer": 5, "baseline": "unk"}),
        ],
    )
    def test_another_setting_is_computed_beside(self, explainer, compare, options) -> None:
        view = PairView(explainer, A, B, compare=compare, **CHEAP)
        wanted = explained(explainer, **options)
        assert_array_equal(view.comparison.matrix, wanted.matrix)
        assert_array_equal(view.attribution.matrix, explained(explainer).matrix)
        assert view._other[:4] == b"siam"

    def test_another_candidate_is_computed_beside(self, explainer) -> None:
        view = PairView(explainer, A, B, compare={"text_b": "Dogs bark."}, unit="word", **CHEAP)
        assert (view.comparison.text_b, view.comparison.unit) == ("Dogs bark.", "word")

    def test_deletion_differences_stand_beside(self, explainer) -> None:
        view = PairView(explainer, A, B, compare={"method": "deletion"}, **CHEAP)
        assert isinstance(view.comparison, DeletionEffects)
        assert_array_equal(view.comparison.matrix, explainer.deletion(A, B).matrix)

    def test_another_model_stands_beside(self, explainer) -> None:
        other = siamviz.Explainer(explainer.model)
        view = PairView(explainer, A, B, compare={"model": other, "layer": 3}, **CHEAP)
        assert view.comparison.settings.layer == 3
        assert view.get_state("compare") == {"compare": {"model": other.name, "layer": 3}}

    def test_a_model_that_cannot_be_found_says_so(self, explainer) -> None:
        view = PairView(explainer, A, B, compare={"model": "/nowhere/at/all"}, **CHEAP)
        with pytest.raises(siamviz.ModelNotFoundError, match="There is no folder"):
            _ = view.comparison

    def test_nothing_stands_beside_by_default(self, explainer) -> None:
        view = PairView(explainer, A, B, compare={"layer": 5}, **CHEAP)
        assert view.comparison is not None
        view.compare = None
        assert view.comparison is None
        assert view._other == b""


class TestFinishedResult:
    def test_a_result_is_shown_without_a_model(self) -> None:
        p = pair()
        view = p.view(unit="word")
        assert not view.live
        assert (view.text_a, view.baselines, view.layers) == (TEXT_A, ["pad"], 6)
        assert (view.rule, view.steps) == ("gauss-legendre", 12)
        assert_array_equal(view.attribution.matrix, p.by("word").matrix)

    def test_a_restored_result_is_too(self) -> None:
        p = PairAttribution.from_dict(pair(draws=2).to_dict())
        assert_array_equal(p.view().attribution.matrix, p.matrix)

    def test_a_coarse_or_folded_result_starts_as_it_is(self) -> None:
        view = pair().by("word").fold().view()
        assert (view.unit, view.folded) == ("word", True)
        with pytest.raises(InvalidArgumentError, match="Use one of 'word', 'sentence'"):
            view.unit = "token"

    def test_what_needs_a_model_is_refused(self) -> None:
        view = pair().view()
        with pytest.raises(InvalidArgumentError, match="layer cannot change: this view shows"):
            view.layer = 3
        assert view.layer == 0
        with pytest.raises(TypeError, match="cannot be given baseline"):
            pair().view(baseline="mask")

    def test_a_similarity_that_it_lacks_is_refused(self) -> None:
        from builders import contributions

        zero = contributions("a", embedding=np.zeros(6), encoded=np.zeros(6))
        view = PairAttribution.from_contributions(zero, zero, "dot").view()
        with pytest.raises(InvalidArgumentError, match="has no cosine similarity, only 'dot'"):
            view.similarity = "cosine"


class TestLive:
    def test_a_view_computes_at_once_and_off_the_main_thread(self, live, explainer) -> None:
        comm_ = live.comm
        [(message, header, arrays)] = [f for f in comm_.frames() if f[0]["final"]]
        assert message == {
            "kind": "frame", "slot": "main", "final": True, "job": 1, "fraction": 1.0,
            "remaining": 0.0,
        }  # fmt: skip
        assert_array_equal(arrays["matrix"], explained(explainer).matrix)
        assert header["history"][-1] == [4, explained(explainer).relative_residual]
        places = [i for i, (data, buffers) in enumerate(comm_.sent) if buffers]
        assert {comm_.threads[i] for i in places[1:]} == {"siamviz"}
        assert comm_.of_kind("started")[0]["settings"]["layer"] == 4

    def test_the_result_stays_in_the_traits(self, live) -> None:
        live.comm.wait("frame", final=True)
        live.layer = 5
        live.comm.wait("frame", final=True, job=2)
        live._jobs.latest.done.wait()
        with live._lock:
            pass
        assert live.attribution.settings.layer == 5

    def test_setting_a_trait_starts_a_job(self, live, explainer) -> None:
        live.layer = 5
        assert live.comm.wait("started", job=2)["settings"]["layer"] == 5
        assert_array_equal(live.attribution.matrix, explained(explainer, layer=5).matrix)

    def test_setting_several_at_once_starts_one(self, live) -> None:
        with live.hold_trait_notifications():
            live.layer = 5
            live.baseline = "mask"
            live.steps = 3
        assert live.attribution.settings.baseline == "mask"
        assert [m["job"] for m in live.comm.of_kind("started")] == [1, 2]

    def test_what_needs_no_model_starts_none(self, live) -> None:
        live.unit, live.similarity, live.folded, live.view = "word", "dot", True, "links"
        live.pins, live.limit, live.top_k = [{"a": [1], "b": [1]}], 0.5, 3
        assert live.attribution.unit == "word"
        assert len(live.comm.of_kind("started")) == 1

    def test_waiting_inside_a_hold_does_not_deadlock(self, live) -> None:
        with live.hold_trait_notifications():
            live.layer = 5
            assert live.attribution.settings.layer == 5
        assert live.attribution.settings.layer == 5

    def test_an_observer_on_the_worker_may_ask_for_more(self, live) -> None:
        seen = []

        def react(_) -> None:
            if live.layer == 5:
                live.layer = 6
                seen.append(live.attribution.settings.layer)

        live.observe(react, names="_frame")
        live.layer = 5
        live.comm.wait("frame", final=True, job=3)
        assert live.attribution.settings.layer == 6
        assert seen == [6]

    def test_of_a_hundred_rapid_changes_at_most_two_are_computed_to_the_end(
        self, live, explainer
    ) -> None:
        for number in range(100):
            live.steps = 5 + number
        assert live.attribution.settings.rule == "gauss-legendre(104)"
        finals = [message for message, *_ in live.comm.frames() if message["final"]]
        assert len(finals) <= 1 + 2
        jobs = [message["job"] for message, *_ in live.comm.frames()]
        assert jobs == sorted(jobs)
        assert finals[-1]["job"] == live.comm.of_kind("started")[-1]["job"] == 101

    def test_a_superseded_job_stops_within_one_batch(self, live, monkeypatch) -> None:
        from siamviz import jacobian

        layers, first, go = [], threading.Event(), threading.Event()
        plain = jacobian.jacobian_products

        def spied(path, *args):
            layers.append(path.function.layer)
            if len(layers) == 1:
                first.set()
                assert go.wait(60)
            return plain(path, *args)

        monkeypatch.setattr(jacobian, "jacobian_products", spied)
        with live.hold_trait_notifications():
            live.layer, live.steps = 1, 400
        assert first.wait(60)
        live.layer = 2
        with live.hold_trait_notifications():
            live.layer, live.steps = 3, 2
        go.set()
        assert live.attribution.settings.layer == 3
        assert layers.count(1) == 1
        assert layers.count(2) == 0

    def test_cancel_keeps_the_last_result(self, live, explainer) -> None:
        before = live._frame
        with live.hold_trait_notifications():
            live.layer, live.steps = 0, 500
        live.cancel()
        live.comm.wait("cancelled", job=2)
        assert live._frame == before
        assert not live._jobs.running

    def test_waiting_for_what_is_cancelled_raises(self, live) -> None:
        with live.hold_trait_notifications():
            live.layer, live.steps = 0, 500
        timer = threading.Timer(0.2, live.cancel)
        timer.start()
        with pytest.raises(CancelledError):
            _ = live.attribution

    def test_closing_stops_the_computation(self, connected, explainer) -> None:
        view = PairView(explainer, A, B, layer=0, rule="midpoint", steps=500)
        job = view._jobs.latest
        view.close()
        assert job.done.wait(60)
        assert job.cancelled

    def test_the_main_thread_may_explain_meanwhile(self, live, explainer) -> None:
        with live.hold_trait_notifications():
            live.layer, live.steps = 1, 40
        mine = explained(explainer, layer=2, steps=12)
        alone = siamviz.Explainer("all-MiniLM-L6-v2")
        assert_allclose(mine.matrix, explained(alone, layer=2, steps=12).matrix, atol=1e-6)
        wanted = explained(alone, layer=1, steps=40)
        assert_allclose(live.attribution.matrix, wanted.matrix, atol=1e-6)

    def test_two_views_of_one_explainer_take_turns(self, live, explainer) -> None:
        second = PairView(explainer, B, A, **CHEAP)
        live.layer = second.layer = 5
        assert_allclose(live.attribution.matrix, second.attribution.matrix.T, atol=1e-6)

    def test_an_error_is_told_and_logged_and_the_last_result_stays(
        self, live, monkeypatch, caplog
    ) -> None:
        def fail(self):
            raise ZeroDivisionError("injected")

        before = live._frame
        monkeypatch.setattr(Computation, "run", fail)
        with caplog.at_level(logging.ERROR, logger="siamviz"):
            live.layer = 5
            message = live.comm.wait("failed", job=2)
        assert message["error"] == (
            "ZeroDivisionError: injected. The traceback is in Python's log."
        )
        assert "Traceback" in caplog.text
        assert "injected" in caplog.text
        assert live._frame == before
        with pytest.raises(ZeroDivisionError, match="injected"):
            _ = live.attribution

    def test_an_error_of_siamviz_is_told_as_its_sentence(self, live) -> None:
        live.baseline = np.zeros((3, 384))
        assert "must have shape (6, 384)" in live.comm.wait("failed", job=2)["error"]

    def test_partial_results_come_with_progress_and_a_growing_history(self, live) -> None:
        with live.hold_trait_notifications():
            live.layer, live.steps, live.text_a = 0, 48, A * 6
        live.comm.wait("frame", final=True, job=2)
        frames = [(m, h) for m, h, _ in live.comm.frames() if m["job"] == 2]
        partial = [(m, h) for m, h in frames if not m["final"] and h["method"] == "attribution"]
        assert partial
        for message, header in partial:
            assert 0 < message["fraction"] < 1
            assert message["remaining"] > 0
            assert header["progress"] < 1
            assert header["history"][-1][0] == max(
                header["certificate"]["steps_a"], header["certificate"]["steps_b"]
            )
        lengths = [len(header["history"]) for _, header in frames]
        assert lengths == sorted(lengths)

    def test_other_texts_get_a_preview_by_deletion_while_they_are_slow(
        self, live, explainer, monkeypatch
    ) -> None:
        monkeypatch.setattr("siamviz.widgets.computation._PATIENCE", 0.0)
        live.text_b = "Cats sleep."
        live.comm.wait("frame", final=True, job=2)
        preview = next(f for f in live.comm.frames() if f[0]["job"] == 2)
        message, header, arrays = preview
        assert (message["final"], header["method"]) == (False, "deletion")
        assert header["notes"][-1].startswith("A preview while the attribution is computed")
        wanted = np.nan_to_num(explainer.deletion(A, "Cats sleep.").matrix)
        assert_allclose(arrays["matrix"], wanted, atol=1e-6)

    def test_the_same_texts_keep_their_picture_instead(self, live, monkeypatch) -> None:
        monkeypatch.setattr("siamviz.widgets.computation._PATIENCE", 0.0)
        live.layer = 5
        live.comm.wait("frame", final=True, job=2)
        assert {h["method"] for m, h, _ in live.comm.frames()} == {"attribution"}

    def test_a_comparison_reuses_the_result_that_is_shown(self, live, monkeypatch) -> None:
        live.compare = {"layer": 5}
        live.comm.wait("frame", slot="other", final=True)
        slots = [m["slot"] for m in live.comm.of_kind("frame") if m["job"] == 2]
        assert slots[0] == "main"
        assert slots[-1] == "other"
        fractions = [m["fraction"] for m in live.comm.of_kind("frame") if m["job"] == 2]
        assert fractions == sorted(fractions)

    def test_a_result_from_the_cache_keeps_its_history(self, live) -> None:
        with live.hold_trait_notifications():
            live.layer, live.steps, live.text_a = 0, 48, A * 6
        long = live.comm.wait("frame", final=True, job=2)
        live.layer = 5
        live.comm.wait("frame", final=True, job=3)
        live.layer = 0
        live.comm.wait("frame", final=True, job=4)
        histories = {m["job"]: h["history"] for m, h, _ in live.comm.frames() if m["final"]}
        assert long["job"] == 2
        assert len(histories[2]) > 1
        assert histories[4] == histories[2]


class TestMessages:
    def test_hello_is_answered_with_the_job(self, live) -> None:
        answer = live.comm.ask("hello")
        assert answer == {"id": answer["id"], "ok": True, "job": 1, "running": False, "live": True}

    def test_hello_during_a_job_brings_the_last_partial_frame_again(self, live) -> None:
        live._jobs.latest.done.clear()
        before = len(live.comm.frames())
        assert live.comm.ask("hello")["running"]
        again = live.comm.frames()[before:]
        assert [m["job"] for m, *_ in again] == [1]
        live._jobs.latest.done.set()

    def test_compute_is_answered_before_anything_of_its_job_follows(self, live) -> None:
        answer = live.comm.ask("compute", settings={"layer": 5, "baseline": "mask"})
        assert (answer["ok"], answer["job"], answer["running"]) == (True, 2, True)
        live.comm.wait("frame", final=True, job=2)
        kinds = [m.get("kind", "answer") for m in live.comm.messages if m["job"] == 2]
        assert kinds[:2] == ["answer", "started"]
        assert (live.layer, live.baseline) == (5, "mask")
        assert live.comm.updates("layer") == [5]

    def test_compute_with_the_present_settings_starts_nothing(self, live) -> None:
        before = len(live.comm.frames())
        answer = live.comm.ask("compute", settings={"layer": 4})
        assert (answer["job"], answer["running"]) == (1, False)
        assert [m["final"] for m, *_ in live.comm.frames()[before:]] == [True]

    def test_compute_tries_again_what_failed(self, live, monkeypatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Computation, "run", lambda self: 1 / 0)
            live.layer = 5
            live.comm.wait("failed", job=2)
        assert live.comm.ask("compute", settings={})["job"] == 3
        live.comm.wait("frame", final=True, job=3)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"layer": 99}, "layer 99 is out of range"),
            ({"layer": 5, "baseline": "maks"}, "Did you mean 'mask'?"),
            ({"text_a": "   "}, "text_a is empty"),
            ({"unit": "word"}, "'unit' is no setting of a computation"),
            ({"layr": 3}, "Did you mean 'layer'?"),
            ([1], "are no object"),
            ({"compare": {"layer": "x"}}, "layer must be an int"),
            ({"rule": "trapezoid", "steps": 1}, "at least 2, got 1"),
        ],
    )
    def test_bad_settings_are_answered_with_their_sentence(self, live, settings, message) -> None:
        answer = live.comm.ask("compute", settings=settings)
        assert answer["ok"] is False
        assert message in answer["error"]
        assert (live.layer, live.baseline, live.text_a) == (4, "pad", A)
        assert len(live.comm.of_kind("started")) == 1

    @pytest.mark.parametrize(
        "content", [None, 3, "hello", [], {}, {"kind": "hello"}, {"id": True, "kind": "hello"}]
    )
    def test_a_message_without_an_id_is_answered_nevertheless(self, live, content) -> None:
        live.comm.tell(content)
        [failed] = live.comm.of_kind("failed")
        assert "no id to answer to" in failed["error"]

    def test_an_unknown_kind_is_answered_with_what_there_is(self, live) -> None:
        answer = live.comm.ask("</script>")
        assert not answer["ok"]
        assert "unknown kind '</script>'. There are 'hello', 'compute'" in answer["error"]

    def test_cancel_is_answered(self, live) -> None:
        assert live.comm.ask("cancel")["job"] == 1

    @pytest.mark.parametrize("kind", ["html", "svg", "csv", "json", "png"])
    def test_an_export_is_the_file_that_save_writes(self, live, kind, tmp_path) -> None:
        live.unit = "word"
        answer = live.comm.ask("export", format=kind)
        assert answer["ok"], answer
        [content] = next(b for d, b in live.comm.sent if d.get("content", {}).get("name"))
        live.save(tmp_path / f"x.{kind}")
        assert bytes(content) == (tmp_path / f"x.{kind}").read_bytes()
        assert (answer["name"], answer["mime"].count("/")) == (f"siamviz.{kind}", 1)

    def test_an_export_to_something_else_is_refused(self, live) -> None:
        answer = live.comm.ask("export", format="pdf")
        assert "Format 'pdf' is not known" in answer["error"]

    def test_an_unexpected_error_is_answered_and_logged(self, live, monkeypatch, caplog) -> None:
        monkeypatch.setattr(PairView, "_encode", lambda *_: 1 / 0)
        answer = live.comm.ask("export", format="svg")
        assert answer["error"].startswith("ZeroDivisionError")
        assert "Traceback" in caplog.text

    def test_a_bad_trait_from_the_front_end_is_told_and_taken_back(self, live) -> None:
        live.comm.set(unit="wrd", limit=0.5)
        [failed] = live.comm.of_kind("failed")
        assert (failed["job"], "Did you mean 'word'?" in failed["error"]) == (None, True)
        assert (live.unit, live.limit) == ("token", None)
        assert live.comm.updates("unit")[-1] == "token"

    def test_the_front_end_cannot_set_what_only_python_knows(self, live) -> None:
        live.comm.set(_frame=b"x", live=False, model_name="<b>")
        assert (live.live, live.model_name) == (True, "all-MiniLM-L6-v2")
        assert live._frame[:4] == b"siam"

    def test_traits_from_the_front_end_arrive(self, live) -> None:
        live.comm.set(unit="word", pins=[{"a": [1], "b": [2]}], limit=0.25, layer=5)
        assert (live.unit, live.pins, live.limit) == ("word", [{"a": [1], "b": [2]}], 0.25)
        assert live.attribution.settings.layer == 5

    def test_a_finished_result_computes_nothing(self, connected) -> None:
        view = pair().view()
        assert view.comm.ask("hello")["live"] is False
        answer = view.comm.ask("compute", settings={"layer": 3})
        assert not answer["ok"]
        assert "has no model" in answer["error"]
        assert view.comm.ask("cancel")["job"] is None
        assert view.comm.ask("export", format="csv")["ok"]

    def test_nothing_to_export_says_so(self, connected, explainer) -> None:
        view = PairView(explainer, A, B, layer=0, rule="midpoint", steps=500)
        answer = view.comm.ask("export", format="svg")
        view.close()
        assert "Nothing is computed yet" in answer["error"]


class TestNotebook:
    def test_a_displayed_view_brings_a_static_picture(self, live) -> None:
        live.unit = "word"
        shown, _ = live._repr_mimebundle_()
        assert shown["application/vnd.jupyter.widget-view+json"]["model_id"] == live.model_id
        assert shown["text/html"].startswith("<div")
        assert "<script" not in shown["text/html"]

    def test_what_fails_is_displayed_without_a_picture(self, connected, explainer) -> None:
        view = PairView(explainer, A, B, baseline=np.zeros((3, 384)))
        view.comm.wait("failed")
        shown, _ = view._repr_mimebundle_()
        assert set(shown) == {"text/plain", "application/vnd.jupyter.widget-view+json"}

    def test_a_slow_result_does_not_hold_the_cell(self, connected, explainer, monkeypatch) -> None:
        monkeypatch.setattr("siamviz.widgets.pair_view._PATIENCE", 0.0)
        view = PairView(explainer, A, B, layer=0, rule="midpoint", steps=500)
        shown, _ = view._repr_mimebundle_()
        view.close()
        assert "text/html" not in shown

    def test_a_saved_notebook_grows_by_little(self, live) -> None:
        with live.hold_trait_notifications():
            live.text_a, live.text_b, live.layer = TEXT_A, TEXT_B, 0
        assert live.attribution.matrix.shape == (12, 14)
        shown, _ = live._repr_mimebundle_()
        state = live._get_embed_state()
        sources = len(live._esm) + len(live._css)
        rest = len(json.dumps(state)) + len(json.dumps(shown)) - sources
        assert rest < 60 * 1024
        decoded = {b["path"][0]: base64.b64decode(b["data"]) for b in state["buffers"]}
        assert decoded["_frame"] == live._frame
        assert len(decoded["_palette"]) == 2 * 256 * 3

    def test_a_missing_front_end_says_how_to_build_it(self, monkeypatch, tmp_path) -> None:
        monkeypatch.setattr(bundle, "SCRIPT", tmp_path / "missing.js")
        with pytest.raises(FrontEndMissingError, match="install Node 20 or later .* `make js`"):
            pair().view()
