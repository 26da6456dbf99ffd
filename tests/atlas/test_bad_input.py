"""Ntuples that are not as they should be, tagged by command: one clear message, or NaN."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.rootio.provenance import read_provenance

LAYERS = tuple(f"em_barrel_Lr{layer}" for layer in range(4))
ENERGIES = ("p_e", "p_eAccCluster", "p_truth_E")


@pytest.fixture(scope="module")
def card(mini):
    """A network that is given images, tracks and scalars."""
    return mini("electron")


@pytest.fixture
def tag(command, card, ntuple, tmp_path):
    """``tag(branches)``: what `rootml tag` says of a file with them, and what it wrote."""

    def run(branches, *options):
        target = tmp_path / "tagged.root"
        said = command("tag", ntuple(branches), target, "--model", card, "--json", *options)
        assert "Traceback" not in said.err
        return said, target

    return run


@pytest.fixture
def refused(tag):
    """``refused(branches)``: the one message about a file that is not tagged."""

    def run(branches):
        said, target = tag(branches, "--no-plots")
        assert said.code == 2
        assert not target.exists()
        assert said.err.count("error:") == 1
        assert "electrons.root: tree 'electrons'" in said.err
        return said.err

    return run


def energies(target):
    with uproot.open(target) as file:
        tree = file["electrons"]
        return {name: tree[f"mini_{name}"].array(library="np") for name in ("energy", "error")}


def test_energies_and_their_errors_in_gev_with_what_made_them(electrons, tag, card):
    said, target = tag(electrons, "--no-plots")
    assert said.code == 0
    added = {one["name"]: (one["dtype"], one["unit"]) for one in said.account["branches_added"]}
    assert added == {"mini_energy": ("float32", "GeV"), "mini_error": ("float32", "GeV")}
    found = energies(target)
    np.testing.assert_allclose(found["energy"], 1.02e-3 * electrons["p_e"], rtol=1e-5)
    np.testing.assert_allclose(found["error"], 0.1 * np.sqrt(1e-3 * electrons["p_e"]), rtol=1e-5)
    with uproot.open(target) as file:
        assert file["electrons/mini_energy"].title.endswith("[GeV]")
    (entry,) = read_provenance(target, "electrons")["taggings"]
    assert (entry["adapter"], entry["view"], entry["layout"]) == ("atlas", "electron", "ntuple")
    assert entry["layout_options"] == {
        "tracks": "the nearest 10 of up to 13 of an electron are kept"
    }
    events = rootml.annotate(target, card, prefix="again_")
    for name, values in found.items():
        np.testing.assert_array_equal(ak.to_numpy(events[f"again_mini_{name}"]), values)


@pytest.mark.parametrize("sizes", [(56, 12), (11, 56), (9, 11)])
def test_images_of_another_size(electrons, refused, sizes):
    electrons["em_barrel_Lr2"] = np.ones((12, *sizes), "f4")
    said = refused(electrons)
    assert "em_barrel_Lr2: an image is 56 x 11 pixels in eta and phi" in said
    assert f"found {sizes[0]} x {sizes[1]}" in said


def test_tracks_beyond_ten_are_left_out_and_told(electrons, tag):
    said, _ = tag(electrons, "--no-plots")
    options = said.account["models"][0]["layout_options"]
    assert options["tracks"] == "the nearest 10 of up to 13 of an electron are kept"


@pytest.mark.parametrize(
    ("branch", "value"),
    [
        ("p_R12", np.nan),
        ("NvtxReco", -999),
        ("p_e", -40_000),
        ("p_e", 0),
        ("p_eAccCluster", -40_000),
        ("p_eta", np.inf),
        ("em_barrel_Lr0", np.nan),
        ("em_barrel_Lr2", np.inf),
        ("p_tracks_z0", np.nan),
        ("p_tracks_z0", -999),
    ],
)
def test_what_cannot_be_judged_is_nan_and_nothing_else(electrons, tag, branch, value):
    if isinstance(electrons[branch], np.ndarray):
        electrons[branch][4] = value
    else:
        electrons[branch] = ak.where(np.arange(12) == 4, value, electrons[branch])
    said, target = tag(electrons, "--no-plots")
    assert said.account["judged"] == {"mini": 11}
    for values in energies(target).values():
        assert np.flatnonzero(np.isnan(values)).tolist() == [4]


def test_negative_cells_are_noise(electrons, tag):
    electrons["em_barrel_Lr2"][3, 0, 0] = -0.4
    said, target = tag(electrons, "--no-plots")
    assert said.account["judged"] == {"mini": 12}
    assert np.isfinite(energies(target)["energy"]).all()


def test_without_truth_plots_against_it_are_left_out_and_said(electrons, tag, tmp_path):
    del electrons["p_truth_E"]
    said, target = tag(electrons)
    assert said.code == 0
    assert np.isfinite(energies(target)["energy"]).all()
    folder = tmp_path / "tagged_validation"
    assert (folder / "energy_distribution.png").exists()
    assert not (folder / "energy_residual.png").exists()
    assert "energy_residual: the file has no true value" in (folder / "report.md").read_text()


@pytest.mark.parametrize("branch", ENERGIES)
@pytest.mark.parametrize(("factor", "unit"), [(1e-3, "GeV"), (1e3, "keV")])
def test_energies_in_another_unit(electrons, refused, branch, factor, unit):
    electrons[branch] = (electrons[branch] * factor).astype("f4")
    said = refused(electrons)
    assert f"{branch}: the median is" in said
    assert f"expected MeV of electrons; this looks like {unit}" in said


@pytest.mark.parametrize(
    ("branch", "factor", "unit", "found"),
    [
        ("em_barrel_Lr0", 1e3, "MeV", "GeV of p_f0Cluster * p_eAccCluster, expected about 1 (GeV)"),
        ("p_eTileGap3Cluster", 1e-3, "GeV", "GeV of p_fTG3 * p_eAccCluster"),
        (
            "p_pt_track",
            1e-3,
            "GeV",
            "GeV of p_eAccCluster / cosh(p_eta), expected about 1000 (MeV)",
        ),
        ("p_tracks_pt", 1e-3, "GeV", "GeV of p_pt_track"),
    ],
)
def test_parts_of_the_energy_in_another_unit(electrons, refused, branch, factor, unit, found):
    electrons["p_fTG3"] += 0.01
    electrons["p_eTileGap3Cluster"] = electrons["p_fTG3"] * electrons["p_eAccCluster"]
    electrons[branch] = electrons[branch] * np.float32(factor)
    said = refused(electrons)
    assert f"{branch}: " in said
    assert f" for each {found}" in said
    assert f"this looks like {unit}" in said


def test_cells_in_another_unit(electrons, refused):
    for layer in LAYERS:
        electrons[layer] = (1000 * electrons[layer]).astype("f4")
    assert "em_barrel_Lr1 to em_barrel_Lr3" in (said := refused(electrons))
    assert "expected about 1 (GeV); this looks like MeV" in said
