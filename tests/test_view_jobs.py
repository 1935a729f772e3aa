"""A view with a front end: what it computes when, and what it sends."""

from __future__ import annotations

import gc
import logging
import threading
import weakref

import numpy as np
import pytest
from builders import pair
from frames import unpack
from frontend import CHEAP, A, B, explained
from numpy.testing import assert_allclose, assert_array_equal

import siamviz
from siamviz import PairView
from siamviz.errors import (
    CancelledError,
    InvalidArgumentError,
)
from siamviz.widgets.computation import Computation


def settle(view: PairView) -> None:
    """Wait until the result of the present settings is in the traits."""
    view.comm.wait_for(lambda: view._jobs.answered_by(view._found) and not view._stale)


class TestStale:
    def test_it_says_from_the_start_of_a_job_to_its_result_that_another_is_shown(
        self, live
    ) -> None:
        settle(live)
        assert live._stale is False
        assert live.comm.updates("_stale") == []
        live.layer = 5
        settle(live)
        assert live.comm.updates("_stale") == [True, False]
        sent = [data for data, _ in live.comm.sent]
        states = [data["state"] if data.get("method") == "update" else {} for data in sent]
        contents = [data["content"] if data.get("method") == "custom" else {} for data in sent]
        begun = next(i for i, state in enumerate(states) if state.get("_stale"))
        over = next(i for i, state in enumerate(states) if state.get("_stale") is False)
        [final] = [i for i, m in enumerate(contents) if m.get("job") == 2 and m.get("final")]
        assert begun < final < over
        assert unpack(live._frame)[0]["settings"]["layer"] == 5

    def test_it_stays_after_cancel_until_the_next_result(self, live) -> None:
        settle(live)
        with live.hold_trait_notifications():
            live.layer, live.steps = 0, 500
        live.cancel()
        live.comm.wait("cancelled", job=2)
        assert live._stale is True
        with live.hold_trait_notifications():
            live.layer, live.steps = 4, 4
        settle(live)
        assert live._stale is False

    def test_it_stays_after_a_failure(self, live) -> None:
        settle(live)
        live.baseline = np.zeros((3, 384))
        live.comm.wait("failed", job=2)
        assert live._stale is True
        live.baseline = "mask"
        settle(live)
        assert live._stale is False

    def test_where_nothing_is_shown_nothing_is_stale(self, connected, explainer) -> None:
        view = PairView(explainer, A, B, layer=0, rule="midpoint", steps=500)
        assert view._stale is False
        view.cancel()
        view.comm.wait("cancelled", job=1)
        assert (view._stale, view._frame) == (False, b"")
        assert view.comm.updates("_stale") == []
        view.close()

    def test_a_finished_result_is_never_stale(self, connected) -> None:
        view = pair().view()
        view.unit = "word"
        assert view._stale is False

    def test_without_a_kernel_what_was_asked_for_is_not_stale(self, explainer) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        assert view._stale is False
        for layer in (5, 3):
            view.layer = layer
            assert view.attribution.settings.layer == layer
            assert view._stale is False


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
        live.layer = 5
        live.comm.wait_for(lambda: len(live.comm.updates("_frame")) == 2)
        assert unpack(live._frame)[0]["settings"]["layer"] == 5

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
            for layer in (5, 3, 6):
                live.layer = layer
                assert live.attribution.settings.layer == layer
            assert unpack(live._frame)[0]["settings"]["layer"] == 4
        assert unpack(live._frame)[0]["settings"]["layer"] == 6

    def test_a_change_that_is_taken_back_leaves_the_result_that_arrived_meanwhile(
        self, live
    ) -> None:
        def set_both() -> None:
            with live.hold_trait_notifications():
                live.layer = 5
                assert live.attribution.settings.layer == 5
                live.unit = "wrd"

        with pytest.raises(InvalidArgumentError):
            set_both()
        assert live.attribution.settings.layer == live.layer == 4

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

    def test_what_is_cancelled_as_it_ends_is_told_as_cancelled(self, live, monkeypatch) -> None:
        plain, before = Computation.run, live._frame

        def run(self):
            found = plain(self)
            self._job.cancel.set()
            return found

        with monkeypatch.context() as patch:
            patch.setattr(Computation, "run", run)
            live.layer = 5
            live.comm.wait("cancelled", job=2)
        assert live._frame == before
        assert live.attribution.settings.layer == 5

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

    def test_a_result_that_arrives_while_another_is_shown_is_shown_after_it(self, live) -> None:
        first = live._found
        live.layer = 5
        settle(live)
        second = live._found

        def arrive(_) -> None:
            live.unobserve(arrive, names="_frame")
            other = threading.Thread(target=live._adopt, args=[second])
            other.start()
            other.join(60)
            assert not other.is_alive()
            assert live._frame == first.main_frame

        live.observe(arrive, names="_frame")
        live._adopt(first)
        assert live._frame == second.main_frame
        assert live._stale is False

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
            done = header["certificate"]["steps_a"], header["certificate"]["steps_b"]
            assert header["history"][-1][0] == np.ceil(np.mean(done))
        lengths = [len(header["history"]) for _, header in frames]
        assert lengths == sorted(lengths)

    def test_results_that_differ_in_the_rule_alone_share_a_curve(self, live, explainer) -> None:
        live.layer = 5
        for steps in (4, 8, 2, 6):
            live.steps = steps
            assert live.attribution.steps == steps
        [history] = [h["history"] for m, h, _ in live.comm.frames() if m["job"] == 5]
        wanted = [explained(explainer, layer=5, steps=steps) for steps in (2, 4, 6)]
        assert history == [[pair.steps, pair.relative_residual] for pair in wanted]

    def test_a_corpus_tells_its_progress_before_its_first_partial_result(
        self, live, monkeypatch
    ) -> None:
        monkeypatch.setattr("siamviz.widgets.computation._SILENCE", 0.0)
        with live.hold_trait_notifications():
            live.rule, live.baseline, live.references, live.layer = "adaptive", "corpus", 4, 5
        live.comm.wait("frame", final=True, job=2)
        events = [m for m in live.comm.messages if m.get("job") == 2]
        kinds = [m["kind"] for m in events]
        assert kinds[:2] == ["started", "progress"]
        fractions = [m["fraction"] for m in events if m["kind"] != "started"]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1

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

    def test_of_two_new_attributions_the_first_is_half_the_work(self, live) -> None:
        with live.hold_trait_notifications():
            live.layer, live.compare = 3, {"layer": 5}
        main = live.comm.wait("frame", slot="main", final=True, job=2)
        live.comm.wait("frame", slot="other", final=True, job=2)
        assert (main["fraction"], main["remaining"]) == (0.5, None)
        fractions = [m["fraction"] for m in live.comm.of_kind("frame") if m["job"] == 2]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1

    def test_a_result_from_the_cache_keeps_its_history(self, live) -> None:
        with live.hold_trait_notifications():
            live.layer, live.steps, live.text_a = 0, 48, A * 5
        long = live.comm.wait("frame", final=True, job=2)
        live.layer = 5
        live.comm.wait("frame", final=True, job=3)
        live.layer = 0
        live.comm.wait("frame", final=True, job=4)
        histories = {m["job"]: h["history"] for m, h, _ in live.comm.frames() if m["final"]}
        assert long["job"] == 2
        assert len(histories[2]) > 1
        assert histories[4] == histories[2]


def test_a_closed_view_leaves_nothing_in_memory(connected, explainer) -> None:
    view = PairView(explainer, A, B, **CHEAP)
    settle(view)
    known = weakref.ref(view)
    view.close()
    del view
    gc.collect()
    assert known() is None
