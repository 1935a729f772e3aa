"""The exported page: one file, nothing from elsewhere, the numbers of the results."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import numpy as np
import pytest
from builders import pair
from export_cases import HOSTILE, Page, hostile_pair
from frames import unpack
from frontend import CHEAP, A, B

from siamviz import color
from siamviz.errors import InvalidArgumentError
from siamviz.export import bundle
from siamviz.export.page import to_page
from siamviz.widgets.pair_view import PairView


def element(page: str, name: str, attributes: str = "") -> str:
    """What stands in the one element of a name with these attributes."""
    found = re.findall(rf"<{name}{attributes}>(.*?)</{name}>", page, re.DOTALL)
    assert len(found) == 1
    return found[0]


def data_of(page: str) -> dict:
    return json.loads(element(page, "script", ' type="application/json" id="siamviz-data"'))


def frames_of(page: str) -> list[tuple[dict, dict, dict]]:
    """Settings, header and arrays of each result of a page."""
    entries = data_of(page)["frames"]
    return [(one["settings"], *unpack(base64.b64decode(one["frame"]))) for one in entries]


def test_the_numbers_of_a_page_are_those_of_the_attribution() -> None:
    p = pair(dtype=np.float32, draws=2, coarse=True)
    [(settings, header, arrays)] = frames_of(to_page(p))
    assert np.array_equal(arrays["matrix"], p.matrix)
    assert np.array_equal(arrays["error_token"], p.standard_error)
    assert header["ledger"] == dict(p.ledger)
    assert settings == {"baseline": "pad", "layer": 0, "steps": None}


def test_a_page_names_its_state_and_its_colours() -> None:
    data = data_of(to_page(pair(), state={"unit": "word", "theme": "dark"}))
    assert data["state"]["unit"] == "word"
    assert data["state"]["theme"] == "dark"
    assert data["state"]["model_name"] == "toy"
    assert [frame["other"] for frame in data["frames"]] == [""]
    table = np.frombuffer(base64.b64decode(data["palette"]), np.uint8).reshape(2, 256, 3)
    assert np.array_equal(table, [color.LIGHT, color.DARK])


def test_the_policy_allows_this_script_and_this_stylesheet_alone() -> None:
    page = to_page(pair())
    script, style = element(page, "script", ' type="module"'), element(page, "style")
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert (script, style) == (bundle.PAIR_VIEW.script(), bundle.PAIR_VIEW.style())
    assert page.index("Content-Security-Policy") < page.index("<script")


def test_a_page_asks_for_nothing_and_has_no_styles_that_its_policy_forbids() -> None:
    page = to_page(pair())
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    seen = Page(markup)
    assert not {"src", "href", "style", "srcset", "action"} & {name for name, _ in seen.attributes}
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not {"img", "link", "iframe", "object", "base", "form"} & set(seen.tags)


def test_readers_without_scripts_see_the_table() -> None:
    p = pair()
    still = element(to_page(p, state={"unit": "word", "folded": True}), "noscript")
    assert "Folded: each token carries its share" in still
    assert "kitten" in still
    assert "by word" in still


def test_hostile_text_stays_text() -> None:
    page = to_page(hostile_pair(), title=HOSTILE[0])
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "\u2028" not in page
    assert "\u202e" not in page
    assert len(re.findall("</style", page)) == 1
    [(_, header, _)] = frames_of(page)
    assert [row[0] for row in header["units"]["token"]["a"]] == HOSTILE
    page.encode("utf-8")


@pytest.mark.parametrize("name", ["siamviz.js", "siamviz.css"])
def test_a_bundle_that_would_end_its_own_element_is_refused(monkeypatch, tmp_path, name) -> None:
    for each in ("siamviz.js", "siamviz.css"):
        (tmp_path / each).write_text("")
    (tmp_path / name).write_text('const x = "</SCRIPT></style>";')
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    with pytest.raises(InvalidArgumentError, match=r"would end its <(script|style)> element"):
        to_page(pair())


class TestSavedView:
    def test_a_view_saves_what_it_shows(self, explainer, tmp_path) -> None:
        view = PairView(explainer, A, B, unit="word", limit=0.25, **CHEAP)
        view.pins = [{"a": [1], "b": [2]}]
        saved = view.save(tmp_path / "x.html")
        page = (tmp_path / "x.html").read_text("utf-8")
        assert (saved.path, saved.size, saved.results) == (
            tmp_path / "x.html", len(page.encode()), 1,
        )  # fmt: skip
        assert re.fullmatch(r"Saved\('.*x\.html', \d+ KiB\)", repr(saved))
        state = data_of(page)["state"]
        assert (state["unit"], state["limit"], state["text_b"]) == ("word", 0.25, B)
        assert state["pins"] == [{"a": [1], "b": [2]}]
        [(settings, header, arrays)] = frames_of(page)
        assert settings == {
            "baseline": "pad", "layer": 4, "rule": "gauss-legendre", "steps": 4,
        }  # fmt: skip
        view.unit = "token"
        assert np.array_equal(arrays["matrix"], view.attribution.matrix)
        assert header["unit"] == "token"

    def test_a_page_offers_every_combination_that_is_asked_for(self, explainer, tmp_path) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        told: list[float] = []
        saved = view.save(
            tmp_path / "x.html", baselines=["pad", "mask"], layers=[4, -1], steps=[2, 3],
            progress=told.append,
        )  # fmt: skip
        assert saved.results == 8
        assert repr(saved).endswith("KiB, 8 results)")
        assert told == sorted(told)
        assert told[-1] == pytest.approx(1)
        found = frames_of((tmp_path / "x.html").read_text("utf-8"))
        assert len(found) == 8
        for settings, header, arrays in found:
            asked = {name: settings[name] for name in ("baseline", "layer", "steps")}
            wanted = explainer.explain(A, B, quadrature="gauss-legendre", **asked)
            assert np.array_equal(arrays["matrix"], wanted.matrix)
            assert header["settings"]["baseline"] == settings["baseline"]
            assert settings["layer"] in (4, 6)

    def test_steps_of_an_adaptive_view_are_those_of_the_calibrated_rule(
        self, explainer, tmp_path
    ) -> None:
        PairView(explainer, A, B, layer=5).save(tmp_path / "x.html", steps=[3])
        [(settings, header, _)] = frames_of((tmp_path / "x.html").read_text("utf-8"))
        assert (settings["rule"], settings["steps"]) == ("calibrated", 3)
        assert header["settings"]["rule"] == "calibrated(3)"

    def test_a_comparison_is_saved_with_it(self, explainer, tmp_path) -> None:
        view = PairView(explainer, A, B, compare={"layer": 5}, view="compare", **CHEAP)
        view.save(tmp_path / "x.html")
        data = data_of((tmp_path / "x.html").read_text("utf-8"))
        _, arrays = unpack(base64.b64decode(data["frames"][0]["other"]))
        assert np.array_equal(arrays["matrix"], view.comparison.matrix)
        assert data["state"]["compare"] == {"layer": 5}

    @pytest.mark.parametrize(
        "compare", [{"text_b": "A rock rolled away."}, {"layer": 5}, {"method": "deletion"}]
    )
    def test_each_result_is_saved_with_what_it_is_compared_with(
        self, explainer, tmp_path, compare
    ) -> None:
        view = PairView(explainer, A, B, compare=compare, **CHEAP)
        view.save(tmp_path / "x.html", baselines=["pad", "mask"])
        for frame in data_of((tmp_path / "x.html").read_text("utf-8"))["frames"]:
            view.baseline = frame["settings"]["baseline"]
            _, arrays = unpack(base64.b64decode(frame["other"]))
            wanted = np.nan_to_num(view.comparison.matrix)
            np.testing.assert_allclose(arrays["matrix"], wanted, atol=1e-7)

    @pytest.mark.parametrize("suffix", [".svg", ".json", ".csv"])
    def test_other_formats_are_those_of_the_attribution(self, explainer, tmp_path, suffix) -> None:
        view = PairView(explainer, A, B, unit="word", **CHEAP)
        view.save(tmp_path / f"x{suffix}")
        view.attribution.save(tmp_path / f"y{suffix}")
        assert (tmp_path / f"x{suffix}").read_bytes() == (tmp_path / f"y{suffix}").read_bytes()

    def test_what_cannot_be_saved_says_why(self, explainer, tmp_path) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        with pytest.raises(InvalidArgumentError, match="Only a page can offer baselines"):
            view.save(tmp_path / "x.svg", steps=[2])
        with pytest.raises(InvalidArgumentError, match="layers is empty"):
            view.save(tmp_path / "x.html", layers=[])
        with pytest.raises(InvalidArgumentError, match=r"the suffix '\.eps' is not known"):
            view.save(tmp_path / "x.eps")
        with pytest.raises(InvalidArgumentError, match="layer 9 is out of range"):
            view.save(tmp_path / "x.html", layers=[9])
        with pytest.raises(InvalidArgumentError, match="Did you mean 'mask'"):
            view.save(tmp_path / "x.html", baselines=["maks"])
        with pytest.raises(InvalidArgumentError, match="has no model"):
            pair().view().save(tmp_path / "x.html", steps=[2])
        assert list(tmp_path.iterdir()) == []
