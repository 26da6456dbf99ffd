"""DAOD_PHYSLITE, as a TTree and as an RNTuple: links, layers, tracks, truth."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import DataError
from rootml_atlas import tracks, views
from rootml_atlas.links import follow
from rootml_atlas.samplings import layer_energies

KINDS = ("TTree", "RNTuple")


@pytest.fixture(params=KINDS)
def path(request, physlite):
    return physlite(request.param)


@pytest.fixture
def raw(path, tree_of):
    """``raw(container, name)``: a branch as uproot gives it."""
    tree = tree_of(path)
    sign = "." if tree.classname == "TTree" else ":"
    return lambda container, name: tree[f"{container}AuxDyn{sign}{name}"].array()


def test_electrons_as_one_would_by_hand(path, raw, read):
    """Event by event, element by element, in plain Python."""
    found = read(path, "energy", "pt_track", "e_acc", "n_tracks")
    names = {"AnalysisElectrons": ("pt", "eta", "caloClusterLinks", "trackParticleLinks")}
    names |= {"egammaClusters": ("e_sampl",), "GSFTrackParticles": ("qOverP", "theta")}
    branch = {n: raw(c, n).tolist() for c, some in names.items() for n in some}
    for event in range(len(found)):
        for i, pt in enumerate(branch["pt"][event]):
            electron = found[event]
            energy = pt * np.cosh(branch["eta"][event][i]) / 1000
            assert electron["energy"][i] == pytest.approx(energy, rel=1e-5)
            links = branch["trackParticleLinks"][event][i]
            assert electron["n_tracks"][i] == len(links)
            best = next(link["m_persIndex"] for link in links if link["m_persKey"])
            momentum = abs(1 / branch["qOverP"][event][best])
            pt_track = momentum * np.sin(branch["theta"][event][best]) / 1000
            assert electron["pt_track"][i] == pytest.approx(pt_track, rel=1e-5)
            (link,) = branch["caloClusterLinks"][event][i]
            layers = branch["e_sampl"][event][link["m_persIndex"]]
            if len(layers) == 4 and abs(branch["eta"][event][i]) < 1.3:
                assert electron["e_acc"][i] == pytest.approx(sum(layers[1:]) / 1000, rel=1e-5)


def test_layers_are_those_of_the_pattern_where_a_file_has_it(physlite, tree_of):
    tree = tree_of(physlite("RNTuple"))
    energies, eta, pattern = (
        ak.flatten(tree[f"egammaClustersAuxDyn:{name}"].array(), axis=1)
        for name in ("e_sampl", "calEta", "samplingPattern")
    )
    found = layer_energies(energies, ak.to_numpy(eta))
    layers = {0: 0, 1: 1, 2: 2, 3: 3, 4: 0, 5: 1, 6: 2, 7: 3, 17: 4}
    known = ~np.isnan(found).any(axis=1)
    assert known.mean() > 0.9
    for at in np.flatnonzero(known):
        expected = np.zeros(5)
        bits = [bit for bit in range(28) if pattern[at] >> bit & 1]
        for bit, energy in zip(bits, energies[at], strict=True):
            expected[layers[bit]] += energy
        np.testing.assert_array_equal(found[at], expected)


def test_where_both_sides_were_hit_it_is_not_known_which_layers():
    energies = ak.Array([[1.0, 2, 3, 4, 5, 6], [1, 2, 3], [1, 2, 3], [1, 2], [1, 2, 3, 4]])
    layers = layer_energies(energies, np.array([1.45, -2.0, 0.3, 2.0, -1.4]))
    assert np.isnan(layers).all(axis=1).tolist() == [True, False, True, True, True]
    assert layers[1].tolist() == [0, 1, 2, 3, 0]


def test_reduced_view(path, read, adapter):
    view = adapter.views["electron_reduced"]
    events = read(path, *view.columns)
    batch = view.build(events)
    counts = ak.num(events["energy"])
    np.testing.assert_array_equal(batch.counts, counts)
    assert 0 in counts
    assert batch.rows / len(batch.judged) > 0.85
    eta = np.abs(ak.to_numpy(ak.flatten(events["eta"]))[~batch.judged])
    assert ((eta > 1.37) & (eta < 1.75)).all()
    scalars = dict(zip(views.WITHOUT_CELLS, batch.tensors["scalars"].T, strict=True))
    assert len(scalars) == 13
    ratio = batch.tensors["calibrated"][:, 0] / (scalars["e_acc"] * (1 + scalars["f0"]))
    assert 1 < np.median(ratio) < 1.2
    assert (batch.tensors["tracks_mask"].sum(axis=1) >= 1).all()
    near = batch.tensors["tracks"][:, 0, tracks.REDUCED.index("dr")]
    assert np.median(near) < 0.01


def test_truth_is_the_matched_electron_s(path, read):
    events = read(path, "energy", "truth_energy")
    ratio = ak.to_numpy(ak.flatten(events["energy"] / events["truth_energy"]))
    ratio = ratio[~np.isnan(ratio)]
    assert len(ratio) > 30
    low, high = np.quantile(ratio, [0.25, 0.75])
    assert (high - low) / 1.349 < 0.05
    assert np.median(ratio) == pytest.approx(1, abs=0.02)


def follow_lists(keys, index, sizes=(2, 3)):
    return follow(ak.Array(keys), ak.Array(index), 7, np.array(sizes), "links")


def test_links_count_through_all_events():
    links = follow_lists([[[7, 0], []], [[7, 7]]], [[[1, 0], []], [[2, 0]]])
    assert links.owner.tolist() == [0, 2, 2]
    assert links.target.tolist() == [1, 4, 2]
    assert links.counts.tolist() == [1, 0, 2]
    assert links.first.target.tolist() == [1, 4]
    values = ak.Array([[10.0, 11.0], [20.0, 21.0, 22.0]])
    np.testing.assert_array_equal(
        links.first.spread(links.first.take(values)), [11.0, np.nan, 22.0]
    )


def test_one_link_an_object():
    links = follow_lists([[7, 0], [7]], [[1, 0], [2]])
    assert links.owner.tolist() == [0, 2]
    assert links.target.tolist() == [1, 4]


def test_links_to_other_containers_lead_nowhere():
    assert follow_lists([[8, 7], [0]], [[0, 0], [0]]).owner.tolist() == [1]
    with pytest.raises(DataError, match=r"no link leads to its container \(7\), but to \[8, 9\]"):
        follow_lists([[8, 9], [0]], [[0, 0], [0]])


def test_links_beyond_the_end_are_refused():
    with pytest.raises(DataError, match="links: a link to element 3 of 3") as error:
        follow_lists([[7, 0], [7]], [[1, 0], [3]])
    assert error.value.event == 1
