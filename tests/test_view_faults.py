"""What fails beside an attribution leaves the attribution alone."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from frames import unpack
from frontend import A, B, explained
from numpy.testing import assert_allclose, assert_array_equal

from siamviz.errors import CancelledError, ModelNotFoundError
from siamviz.widgets.request import Question


def fail(*_) -> None:
    raise RuntimeError("injected")


class TestComparison:
    def test_what_cannot_be_compared_with_leaves_the_attribution(self, live, explainer) -> None:
        with live.hold_trait_notifications():
            live.layer, live.compare = 5, {"model": "no-such-model"}
        failed = live.comm.wait("failed", job=2)
        assert "no-such-model" in failed["error"]
        assert unpack(live._frame)[0]["settings"]["layer"] == 5
        assert (live._other, live._stale) == (b"", False)
        assert_array_equal(live.attribution.matrix, explained(explainer, layer=5).matrix)
        with pytest.raises(ModelNotFoundError, match="no-such-model"):
            _ = live.comparison
        assert len(live.comm.of_kind("started")) == 2
        [message] = [m for m, *_ in live.comm.frames() if m["job"] == 2 and m["final"]]
        kinds = [m["kind"] for m in live.comm.messages if m.get("job") == 2]
        assert message["fraction"] == 0.5
        assert kinds[-1] == "failed"

    def test_compute_tries_again_what_could_not_be_compared_with(self, live) -> None:
        live.compare = {"model": "no-such-model"}
        live.comm.wait("failed", job=2)
        assert live.comm.ask("compute", settings={})["job"] == 3
        live.comm.wait("failed", job=3)
        answer = live.comm.ask("compute", settings={"compare": {"layer": 5}})
        assert answer["job"] == 4
        live.comm.wait("frame", slot="other", final=True, job=4)
        assert live.comparison.settings.layer == 5

    def test_an_unexpected_error_of_deletion_is_told_and_logged_until_it_works(
        self, live, explainer, monkeypatch, caplog
    ) -> None:
        with monkeypatch.context() as patch, caplog.at_level(logging.ERROR, logger="siamviz"):
            patch.setattr(Question, "preview", fail)
            with live.hold_trait_notifications():
                live.layer, live.compare = 5, {"method": "deletion"}
            failed = live.comm.wait("failed", job=2)
        assert failed["error"] == "RuntimeError: injected. The traceback is in Python's log."
        assert "Traceback" in caplog.text
        assert live.attribution.settings.layer == 5
        with pytest.raises(RuntimeError, match="injected"):
            _ = live.comparison
        assert live.comm.ask("compute", settings={})["job"] == 3
        live.comm.wait("frame", slot="other", final=True, job=3)
        assert_allclose(live.comparison.matrix, explainer.deletion(A, B).matrix, atol=1e-6)


class TestDeletion:
    def test_a_preview_that_fails_unexpectedly_does_not_fail_the_attribution(
        self, live, explainer, monkeypatch, caplog
    ) -> None:
        monkeypatch.setattr("siamviz.widgets.computation._PATIENCE", 0.0)
        monkeypatch.setattr(Question, "preview", fail)
        with caplog.at_level(logging.ERROR, logger="siamviz"):
            live.text_b = "Sheep graze far away."
            assert live.attribution.text_b == "Sheep graze far away."
        live.comm.wait("frame", final=True, job=2)
        wanted = explainer.explain(
            A, "Sheep graze far away.", layer=4, quadrature="gauss-legendre", steps=4
        )
        assert_array_equal(live.attribution.matrix, wanted.matrix)
        assert live.comm.of_kind("failed") == []
        assert "RuntimeError: injected" in caplog.text
        assert caplog.text.count("Traceback") == 1

    def test_deleting_tokens_can_be_cancelled(self, explainer) -> None:
        with pytest.raises(CancelledError):
            explainer.deletion(A, B, cancel=lambda: True)

    def test_deleting_the_tokens_of_a_long_text_stops_between_two_batches(self, explainer) -> None:
        asked = []

        def cancel() -> bool:
            asked.append(None)
            return len(asked) == 3

        with pytest.raises(CancelledError):
            explainer.deletion(A * 20, B, cancel=cancel)
        assert len(asked) == 3
        assert np.isfinite(explainer.deletion(A, B, cancel=lambda: False).score)
