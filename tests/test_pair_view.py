"""The pair view's Python half: traits, selections, comparisons, finished results."""

from __future__ import annotations

import base64
import copy
import json
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from builders import TEXT_A, TEXT_B, contributions, pair
from frames import unpack
from frontend import CHEAP, A, B, explained
from numpy.testing import assert_allclose, assert_array_equal

import siamviz
from siamviz import PairView
from siamviz.attribution import PairAttribution
from siamviz.corpus import Corpus
from siamviz.deletion import DeletionEffects
from siamviz.errors import (
    ArgumentTypeError,
    FrontEndMissingError,
    InvalidArgumentError,
    InvalidTextError,
)
from siamviz.export import bundle
from siamviz.widgets.selection import Selection


def page_data(page: str) -> dict:
    """What a page holds besides its picture and its script."""
    [data] = re.findall(r' id="siamviz-data">(.*?)</script>', page, re.DOTALL)
    return json.loads(data)


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
            "import sys\n"
            "class Absent:\n"
            "    def find_spec(self, name, *_):\n"
            "        if name.partition('.')[0] == 'ipykernel':\n"
            "            raise ModuleNotFoundError(name)\n"
            "sys.meta_path.insert(0, Absent())\n"
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
        documented = PairView.__doc__.replace(", ", "\n    ")
        for name in (*PairView.settings(), "model_name", "layers", "baselines", "live"):
            assert len(PairView.class_traits()[name].help) > 10, name
            assert f"\n    {name}" in documented, name

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

        def set_all() -> None:
            with view.hold_trait_notifications():
                view.layer = 3
                view.steps = 8
                view.baseline = "maks"

        with pytest.raises(InvalidArgumentError):
            set_all()
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
        with pytest.raises(TypeError, match=r"'basline' is no trait of PairView\. Did you mean"):
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


ALIKE = {
    "a corpus": ("corpus(2, balanced)", [Corpus(references=2, seed=seed) for seed in (0, 1)]),
    "states": ("tensor (384,)", [np.full(384, value) for value in (0.0, 0.1)]),
    "one for each side": (
        "pad | tensor (384,)",
        [("pad", np.full(384, value)) for value in (0.0, 0.1)],
    ),
}
"""Baselines that differ and are called the same."""


@pytest.mark.parametrize(("label", "baselines"), ALIKE.values(), ids=ALIKE)
class TestBaselinesThatAreCalledTheSame:
    def test_they_are_numbered(self, explainer, label, baselines) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        names = [label, f"{label} (2)"]
        for baseline, name in zip(baselines, names, strict=True):
            view.baseline = baseline
            assert view.get_state("baseline") == {"baseline": name}
        assert view.baselines[-2:] == names
        assert [view.label_of(baseline) for baseline in baselines] == names
        view.baseline = "mask"
        for name, baseline in zip(names, baselines, strict=True):
            view.baseline = name
            assert view.baseline is baseline
        assert view.baselines[-3:] == ["corpus", *names]

    def test_an_equal_one_keeps_its_name(self, explainer, label, baselines) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        names = [view.label_of(copy.deepcopy(one)) for one in (*baselines, *baselines[::-1])]
        assert names == [label, f"{label} (2)", f"{label} (2)", label]

    def test_what_is_compared_with_has_a_name_of_its_own(self, explainer, label, baselines) -> None:
        one, two = baselines
        view = PairView(explainer, A, B, baseline=one, compare={"baseline": two}, **CHEAP)
        state = view.get_state(["baseline", "compare"])
        assert state == {"baseline": label, "compare": {"baseline": f"{label} (2)"}}
        assert not np.allclose(view.comparison.matrix, view.attribution.matrix)

    def test_a_page_offers_both(self, explainer, label, baselines, tmp_path) -> None:
        view = PairView(explainer, A, B, **CHEAP)
        assert view.save(tmp_path / "x.html", baselines=baselines).results == 2
        found = page_data((tmp_path / "x.html").read_text("utf-8"))["frames"]
        names = [entry["settings"]["baseline"] for entry in found]
        assert names == [label, f"{label} (2)"]
        for entry, baseline in zip(found, baselines, strict=True):
            _, arrays = unpack(base64.b64decode(entry["frame"]))
            assert_array_equal(arrays["matrix"], explained(explainer, baseline=baseline).matrix)


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

    def test_deletion_differences_follow_the_similarity(self, explainer) -> None:
        view = PairView(explainer, A, B, compare={"method": "deletion"}, **CHEAP)
        found = view.comparison
        assert found.similarity == "cosine"
        view.similarity = "dot"
        wanted = explainer.deletion(A, B, similarity="dot")
        assert_allclose(view.comparison.matrix, wanted.matrix, atol=1e-6, rtol=0)
        assert view.comparison.score == pytest.approx(wanted.score, abs=1e-6)
        assert view.comparison.similarity == "dot"
        view.unit = "word"
        assert_allclose(view.comparison.matrix, wanted.by("word").matrix, atol=1e-6, rtol=0)
        back = view.comparison.as_similarity("cosine")
        assert_allclose(back.matrix, found.by("word").matrix, atol=1e-6, rtol=0)
        with pytest.raises(InvalidArgumentError, match=r"'cosin' is not .* Did you mean 'cosine'"):
            found.as_similarity("cosin")

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

    def test_it_needs_neither_torch_nor_a_model_library(self, tmp_path) -> None:
        code = (
            "import sys\n"
            "from tests.builders import pair\n"
            "view = pair().view(unit='word')\n"
            f"view.save({str(tmp_path / 'x.html')!r})\n"
            "view._repr_mimebundle_()\n"
            "heavy = {'torch', 'transformers', 'sentence_transformers'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_text_that_no_message_can_carry_is_shown_nevertheless(self) -> None:
        view = pair("a lone \ud800 surrogate", "b").view()
        assert view.text_a == "a lone \ufffd surrogate"
        assert unpack(view._frame)[0]["text_a"] == "a lone \ud800 surrogate"

    def test_what_needs_a_model_is_refused(self) -> None:
        view = pair().view()
        with pytest.raises(InvalidArgumentError, match="layer cannot change: this view shows"):
            view.layer = 3
        assert view.layer == 0
        with pytest.raises(TypeError, match="cannot be given baseline"):
            pair().view(baseline="mask")

    def test_a_similarity_that_it_lacks_is_refused(self) -> None:
        zero = contributions("a", embedding=np.zeros(6), encoded=np.zeros(6))
        view = PairAttribution.from_contributions(zero, zero, "dot").view()
        with pytest.raises(InvalidArgumentError, match="has no cosine similarity, only 'dot'"):
            view.similarity = "cosine"


class TestNotebook:
    def test_a_displayed_view_brings_a_static_picture(self, live) -> None:
        live.unit = "word"
        shown, _ = live._repr_mimebundle_()
        assert shown["application/vnd.jupyter.widget-view+json"]["model_id"] == live.model_id
        assert shown["text/html"].startswith("<div")
        assert "<script" not in shown["text/html"]
        assert shown["text/plain"] == str(live.attribution)

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
        assert rest < 36 * 1024
        decoded = {b["path"][0]: base64.b64decode(b["data"]) for b in state["buffers"]}
        assert decoded["_frame"] == live._frame
        assert len(decoded["_palette"]) == 2 * 256 * 3

    def test_a_view_takes_the_width_there_is(self, explainer) -> None:
        assert PairView(explainer, A, B).layout.width == "100%"
        assert PairView(explainer, A, B, layout={"width": "50%"}).layout.width == "50%"

    def test_a_missing_front_end_says_how_to_build_it(self, monkeypatch, tmp_path) -> None:
        monkeypatch.setattr(bundle, "FOLDER", tmp_path)
        with pytest.raises(FrontEndMissingError, match=r"install Node 20 or later .* `make js`"):
            pair().view()
