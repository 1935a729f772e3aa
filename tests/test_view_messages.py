"""What the front end asks of a view, and the answers."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator

import pytest
from builders import pair
from frames import unpack
from frontend import A, B, explained
from numpy.testing import assert_array_equal

from siamviz import Corpus, PairView
from siamviz.widgets.computation import Computation

SHOWN = {
    "fixed": {"layer": 4, "baseline": "pad", "rule": "gauss-legendre", "steps": 4},
    "calibrated": {"layer": 6, "baseline": "unk", "rule": "calibrated", "steps": 3},
    "adaptive": {"layer": 5, "baseline": "zero", "rule": "adaptive", "tolerance": 0.2},
}
"""Settings of a computation."""


@pytest.fixture
def go(live, monkeypatch) -> Iterator[threading.Event]:
    """An event without which computations wait; set."""
    plain, event = Computation.run, threading.Event()

    def run(self):
        assert event.wait(60)
        return plain(self)

    event.set()
    monkeypatch.setattr(Computation, "run", run)
    yield event
    event.set()


def exported(view: PairView) -> dict:
    """What a page holds that the front end asks for."""
    answer = view.comm.ask("export", format="html")
    assert answer["ok"], answer
    [[content]] = [b for d, b in view.comm.sent if d.get("content") == answer]
    [data] = re.findall(r' id="siamviz-data">(.*?)</script>', bytes(content).decode(), re.DOTALL)
    return json.loads(data)


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

    def test_of_two_baselines_that_are_called_the_same_each_can_be_chosen(
        self, live, explainer
    ) -> None:
        live.baseline = one = Corpus(references=2, seed=0)
        live.baseline = two = Corpus(references=2, seed=1)
        label = "corpus(2, balanced)"
        for name, wanted in ((label, one), (f"{label} (2)", two)):
            assert live.comm.ask("compute", settings={"baseline": name})["ok"]
            assert live.baseline is wanted
            matrix = explained(explainer, baseline=wanted).matrix
            assert_array_equal(live.attribution.matrix, matrix)

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

    @pytest.mark.parametrize("kind", ["html", "svg", "pdf", "tex", "csv", "json", "png"])
    def test_an_export_is_the_file_that_save_writes(self, live, kind, tmp_path) -> None:
        live.unit = "word"
        answer = live.comm.ask("export", format=kind)
        assert answer["ok"], answer
        [content] = next(b for d, b in live.comm.sent if d.get("content", {}).get("name"))
        live.save(tmp_path / f"x.{kind}")
        assert bytes(content) == (tmp_path / f"x.{kind}").read_bytes()
        assert (answer["name"], answer["mime"].count("/")) == (f"siamviz.{kind}", 1)

    @pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
    def test_a_page_has_the_settings_of_the_result_that_it_holds(self, live, go, shown) -> None:
        with live.hold_trait_notifications():
            for name, value in {**shown, "compare": {"layer": 5}}.items():
                setattr(live, name, value)
        live.comm.wait_for(lambda: live._jobs.answered_by(live._found) and not live._stale)
        own = {name: getattr(live, name) for name in ("text_a", "text_b", *shown)}
        settled = exported(live)
        assert settled["frames"][0]["other"]
        assert settled["state"]["compare"] == {"layer": 5}
        go.clear()
        with live.hold_trait_notifications():
            live.text_b, live.layer, live.baseline, live.unit = "Dogs bark.", 2, "mask", "word"
            live.rule = "adaptive" if shown["rule"] != "adaptive" else "midpoint"
            live.steps, live.tolerance = 9, 0.03
        during = exported(live)
        live.cancel()
        go.set()
        live.comm.wait("cancelled", job=3)
        for page in (during, exported(live)):
            state, [result] = page["state"], page["frames"]
            assert {name: state[name] for name in own} == own
            assert (result["other"], state["compare"], state["unit"]) == ("", None, "word")
            assert result["frame"] == settled["frames"][0]["frame"]
            assert result["settings"] == {
                "baseline": shown["baseline"], "layer": shown["layer"], "rule": shown["rule"],
                "steps": shown.get("steps"),
            }  # fmt: skip
            header, _ = unpack(base64.b64decode(result["frame"]))
            assert (header["text_b"], header["settings"]["layer"]) == (B, shown["layer"])

    def test_an_export_to_something_else_is_refused(self, live) -> None:
        answer = live.comm.ask("export", format="eps")
        assert "Format 'eps' is not known" in answer["error"]

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
