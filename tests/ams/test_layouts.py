"""The three file formats give the same images; what cannot be right is refused."""

from __future__ import annotations

import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import BranchError, DataError
from rootml.rootio.source import open_source


def image_of(columns):
    return ak.to_numpy(columns["image"])


@pytest.fixture(scope="module")
def cells(events):
    return ak.to_numpy(events["edep_cell"])


@pytest.fixture
def hits(cells):
    """The hit cells of 20 events, as lists that a test may change."""
    event, place = np.nonzero(cells[:20])
    counts = np.bincount(event, minlength=20)
    values = {"Plane": place // 72, "Cell": place % 72, "Edep": cells[event, place]}
    return lambda **changed: {
        name: ak.unflatten(array, counts) for name, array in (values | changed).items()
    }


def test_one_dimension_two_and_lists_are_the_same(read, cells):
    square = cells.reshape(-1, 18, 72)
    for shape in (
        ak.from_numpy(cells, regulararray=True),
        ak.from_numpy(square, regulararray=True),
        ak.from_regular(ak.from_numpy(cells, regulararray=True)),
        ak.from_regular(ak.from_numpy(square.astype(np.float64), regulararray=True), axis=None),
    ):
        found = image_of(read("flat", {"edep_cell": shape}, "image"))
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, square)


@pytest.mark.parametrize("layout", ["flat", "sparse", "gbatch"])
def test_files_hold_the_same_events_in_every_layout(adapter, tmp_path, layout):
    path = tmp_path / "ams.root"
    adapter.write(path, 60, np.random.default_rng(3), layout=layout)
    expected = adapter.simulate(60, np.random.default_rng(3))
    with open_source(path, [adapter]) as source:
        assert source.decoder.layout.name == layout
        assert source.decoder.options["deposit_unit"] == "MeV"
        found = source.read(["image", "energy", "truth_label", "truth_energy"], 0, 60)
    np.testing.assert_array_equal(
        image_of(found).reshape(60, -1), ak.to_numpy(expected["edep_cell"])
    )
    assert ak.to_list(found["energy"]) == ak.to_list(expected["en3d"])
    assert ak.to_list(found["truth_label"]) == ak.to_list(expected["truth_label"])
    assert ak.to_list(found["truth_energy"]) == ak.to_list(expected["truth_energy"])


CLASSES = """
import sys, ROOT
ROOT.gInterpreter.Declare('''
#include <vector>
struct EcalHitR {
  unsigned int Status = 0; int Idsoft = 0, Proj = 0, Plane = 0, Cell = 0;
  float Edep = 0, EdCorr = 0, Coo[3] = {0, 0, 0}; short ADC[3] = {0, 0, 0};
  virtual ~EcalHitR() {} ClassDef(EcalHitR, 6)
};
struct EcalShowerR {
  float Dir[3] = {0, 0, 0}, EnergyD = 0, EnergyE = 0, EnergyA = 0;
  virtual ~EcalShowerR() {} ClassDef(EcalShowerR, 7)
};
struct AMSEventR : TObject {
  std::vector<EcalHitR> fEcalHit; std::vector<EcalShowerR> fEcalShower; ClassDef(AMSEventR, 1)
};
''')
file = ROOT.TFile(sys.argv[1], "RECREATE")
tree = ROOT.TTree("AMSRoot", "AMS Ntuple Root")
event = ROOT.AMSEventR()
tree.Branch("ev.", event, 32000, 99)
for entry in range(5):
    event.fEcalHit.clear()
    event.fEcalShower.clear()
    for k in range(entry):
        hit = ROOT.EcalHitR()
        hit.Plane, hit.Cell, hit.Edep = k, 10 * entry + k, 100.0 * entry + k
        event.fEcalHit.push_back(hit)
        shower = ROOT.EcalShowerR()
        shower.EnergyE = 0.1 * entry**2 * (1 if k == 0 else 1000)
        event.fEcalShower.push_back(shower)
    tree.Fill()
tree.Write()
file.Close()
"""


def test_split_classes_of_the_ams_software(adapter, tmp_path):
    path = tmp_path / "gbatch.root"
    subprocess.run([sys.executable, "-c", CLASSES, str(path)], check=True, capture_output=True)
    with open_source(path, [adapter]) as source:
        assert source.decoder.layout.name == "gbatch"
        found = source.read(["image", "energy"], 0, 5)
    expected = np.zeros((5, 18, 72), np.float32)
    for entry in range(5):
        for k in range(entry):
            expected[entry, k, 10 * entry + k] = 100 * entry + k
    np.testing.assert_array_equal(image_of(found), expected)
    energy = ak.to_numpy(found["energy"])
    assert np.isnan(energy[0])
    np.testing.assert_allclose(energy[1:], [0.1, 0.4, 0.9, 1.6], rtol=1e-6)
    assert list(adapter.views["image"].build(found).judged) == [False, True, True, True, True]


def test_layouts_are_told_by_their_branches(adapter, tmp_path):
    """The tree t1 holds two of the formats; their branches tell which."""
    path = tmp_path / "ams.root"
    adapter.write(path, 5, np.random.default_rng(1), layout="sparse")
    with uproot.open(path) as file:
        assert {"Plane", "Cell", "Edep"} <= set(file["t1"].keys())
        assert "edep_cell" not in file["t1"].keys()  # noqa: SIM118


def test_units_are_told_by_the_energy(read, events, cells):
    for scale in (1.0, 1e-3):
        branches = {"edep_cell": ak.from_numpy(cells * np.float32(scale), regulararray=True)}
        branches["en3d"] = events["en3d"]
        found = image_of(read("flat", branches, "image"))
        np.testing.assert_allclose(found.reshape(cells.shape), cells, rtol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_without_energy_the_smallest_deposits_tell(read, cells, scale):
    scaled = cells * np.float32(scale)
    found = read("flat", {"edep_cell": ak.from_numpy(scaled, regulararray=True)}, "image")
    np.testing.assert_allclose(image_of(found).reshape(cells.shape), cells, rtol=1e-5)


def test_deposits_are_in_mev_where_nothing_tells(read, cells):
    few = cells[:3] / 1000
    found = read("flat", {"edep_cell": ak.from_numpy(few, regulararray=True)}, "image")
    np.testing.assert_allclose(image_of(found).reshape(few.shape), few, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 0.03, 1e3])
def test_other_units_are_refused(read, events, cells, scale):
    branches = {"edep_cell": ak.from_numpy(cells * scale, regulararray=True)}
    with pytest.raises(DataError, match=r"expected about 1 .* or 1000"):
        read("flat", branches | {"en3d": events["en3d"]}, "image")


def test_values_come_as_numbers_or_first_of_lists(read, events):
    listed = ak.Array([[4.5, 9.0], [], [1.5]])
    branches = {"edep_cell": events["edep_cell"][:3], "EcalEMlhd": listed}
    found = ak.to_numpy(read("flat", branches, "likelihood")["likelihood"])
    np.testing.assert_array_equal(found, [4.5, np.nan, 1.5])


def test_events_without_cells_are_empty(read, cells):
    lists = ak.unflatten(cells[:2].ravel(), [1296, 0, 1296])
    found = image_of(read("flat", {"edep_cell": lists}, "image")).reshape(3, -1)
    np.testing.assert_array_equal(found, [cells[0], np.zeros(1296), cells[1]])


@pytest.mark.parametrize("value", [-0.5, np.nan, np.inf, -np.inf])
def test_impossible_deposits_are_refused(read, cells, hits, value):
    spoilt = cells[:20].copy()
    spoilt[7, 100] = value
    with pytest.raises(DataError, match=f"edep_cell.*found {value:g}") as caught:
        read("flat", {"edep_cell": ak.from_numpy(spoilt, regulararray=True)}, "image")
    assert caught.value.event == 7
    edep = cells[:20][np.nonzero(cells[:20])].copy()
    edep[0] = value
    with pytest.raises(DataError, match=f"Edep.*found {value:g}") as caught:
        read("sparse", hits(Edep=edep), "image")
    assert caught.value.event == 0


@pytest.mark.parametrize(("branch", "value"), [("Plane", 18), ("Plane", -1), ("Cell", 72)])
def test_hits_outside_the_calorimeter_are_refused(read, hits, branch, value):
    flat = ak.to_numpy(ak.flatten(hits()[branch])).copy()
    flat[-1] = value
    with pytest.raises(DataError, match=f"{branch} of a hit: expected 0 to .*{value}") as caught:
        read("sparse", hits(**{branch: flat}), "image")
    assert caught.value.event == 19


def test_broken_lists_are_refused(read, hits, cells):
    good = hits()
    with pytest.raises(DataError, match="cells: expected as many as planes"):
        read("sparse", good | {"Cell": good["Cell"][:, 1:]}, "image")
    lists = ak.from_regular(ak.from_numpy(cells[:, 1:], regulararray=True))
    with pytest.raises(DataError, match="1296 or none, found 1295"):
        read("flat", {"edep_cell": lists}, "image")
    with pytest.raises(BranchError, match="18 x 72"):
        read("flat", {"edep_cell": ak.Array([1.0, 2.0])}, "image")
    with pytest.raises(BranchError, match="expected a list an event"):
        read("sparse", good | {"Plane": ak.Array([1] * 20)}, "image")
    with pytest.raises(BranchError, match="expected numbers as plane"):
        read("sparse", good | {"Plane": good["Edep"]}, "image")
