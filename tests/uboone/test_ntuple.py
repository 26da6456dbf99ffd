"""Files as the experiment writes them: lists, Float16_t, a name that occurs twice."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from rootml.errors import LayoutError
from rootml.rootio.source import open_source
from rootml.testing.samples import build
from rootml_uboone.views import NO_PROTONS, PROTONS

HALF_PRECISION = {"shrmoliereavg", "anglediff_U", "anglediff_V", "anglediff_Y", *NO_PROTONS[-4:]}


@pytest.fixture
def read(adapter):
    def read(path, view):
        chosen = adapter.views[view]
        with open_source(path, [adapter]) as source:
            return chosen.build(source.read(chosen.columns, 0, source.num_entries))

    return read


def test_the_file_has_the_traps(ntuple):
    with uproot.open(ntuple) as file:
        tree = file["nuselection/NeutrinoSelectionFilter"]
        names = [branch.name for branch in tree.branches]
        assert names.count("shr_hits_max") == 2
        assert tree["trk_id"].typename == "uint32_t"
        assert tree["trk_id"].member("fLeaves")[0].member("fName") == "trk_pfp_id"
        assert tree["trk_llr_pid_score_v"].typename == "std::vector<float>"
        assert tree["shrmoliereavg"].typename == "Float16_t"


@pytest.mark.parametrize(("view", "columns"), [("nue_np", PROTONS), ("nue_0p", NO_PROTONS)])
def test_inputs_are_those_before_writing(adapter, events, ntuple, read, view, columns):
    found = read(ntuple, view)
    expected = build(adapter, adapter.views[view], events[:500])
    np.testing.assert_array_equal(found.judged, expected.judged)
    for place, name in enumerate(columns):
        np.testing.assert_allclose(
            found.tensors["features"][:, place],
            expected.tensors["features"][:, place],
            rtol=2**-11 if name in HALF_PRECISION else 0,
            atol=0.1 if name.startswith("anglediff") else 0,
            err_msg=name,
        )


@pytest.mark.parametrize("view", ["nue_np", "nue_0p"])
def test_simulated_files_hold_what_was_simulated(adapter, tmp_path, read, view):
    adapter.write(tmp_path / "sim.root", 300, np.random.default_rng(4))
    events = adapter.simulate(300, np.random.default_rng(4))
    expected = build(adapter, adapter.views[view], events).tensors["features"]
    np.testing.assert_array_equal(read(tmp_path / "sim.root", view).tensors["features"], expected)


def test_a_slimmed_ntuple_still_gives_the_inputs_with_protons(adapter, ntuple, tmp_path, read):
    with uproot.open(ntuple) as file:
        tree = file["nuselection/NeutrinoSelectionFilter"]
        kept = {
            branch.names[0]: tree[branch.names[0]].array()
            for branch in adapter.layouts[0].branches.values()
            if not branch.optional
        }
    with uproot.recreate(tmp_path / "slim.root") as file:
        file.mktree("NeutrinoSelectionFilter", {name: a.type.content for name, a in kept.items()})
        file["NeutrinoSelectionFilter"].extend(kept)
    slim = read(tmp_path / "slim.root", "nue_np").tensors["features"]
    np.testing.assert_array_equal(slim, read(ntuple, "nue_np").tensors["features"])


def test_another_tree_is_told_what_it_lacks(adapter, tmp_path):
    with uproot.recreate(tmp_path / "other.root") as file:
        file["NeutrinoSelectionFilter"] = {"selected": np.ones(3, np.int32)}
    with pytest.raises(LayoutError, match="no branch 'nslice'"):
        open_source(tmp_path / "other.root", [adapter])
