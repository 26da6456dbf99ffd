"""Simulated tracks of SuperNEMO as ``hit_tree`` holds them."""

from __future__ import annotations

from dataclasses import fields

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rootml.errors import DataError
from rootml_supernemo.geometry import (
    CELLS,
    cell_address,
    cell_number,
    wire_x,
    wire_y,
)
from rootml_supernemo.simulation import OPTIONS, simulate
from rootml_supernemo.simulation.arcs import Arcs
from rootml_supernemo.simulation.cells import REACH_MM, crossed
from rootml_supernemo.simulation.drift import drift_time, measure, radius, resolution
from rootml_supernemo.simulation.files import write
from rootml_supernemo.simulation.options import Settings
from rootml_supernemo.simulation.response import dead_cells

EVENTS = 1500
SIDE, ROW, LAYER = cell_address(np.arange(CELLS))
WIRES = np.stack([wire_x(SIDE, LAYER), wire_y(ROW)], axis=1)
PER_HIT = ("wirex", "wirey", "wirez", "radius", "grid_id", "grid_side", "grid_layer", "grid_column")
PER_TRACK = ("dirx", "diry", "dirz", "charge", "track_split", "pointx", "truth_energy")
MODULE = ("calo_type", "calo_side", "calo_wall", "calo_row", "calo_column")


def rng(seed=5):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def clean():
    return simulate(EVENTS, rng())


@pytest.fixture(scope="module")
def busy():
    """A noisy detector with losses, and tracks of all kinds."""
    return simulate(EVENTS, rng(), kind="mixed", tracks=(0, 4), conditions="detector", noise=3.0)


def flat(events, name):
    return ak.to_numpy(ak.flatten(events[name]))


def cells(events):
    columns = (events[name] for name in ("grid_side", "grid_column", "grid_layer"))
    return cell_number(*columns)


def test_branches_of_the_tree(busy):
    n_modules = ak.num(busy.calo_id)
    for names, count in (
        ((*PER_HIT, "truth_module"), ak.num(busy.grid_id)),
        (PER_TRACK, busy.truth_ntracks),
        ((*MODULE, "calo_energy"), n_modules),
    ):
        for name in names:
            assert ak.all(ak.num(busy[name]) == count), name
    assert ak.any(n_modules < busy.truth_ntracks)
    assert ak.any(n_modules > busy.truth_ntracks)
    assert set(np.asarray(busy.truth_ntracks)) == {0, 1, 2, 3, 4}
    assert {flat(busy, name).dtype.str for name in ("radius", "dirx", "pointz")} == {"<f8"}
    assert {flat(busy, name).dtype.str for name in ("grid_id", "calo_row", "charge")} == {"<i4"}
    assert flat(busy, "tsp0").dtype == np.int64
    for name in set(busy.fields) - {"wirez", "truth_ntracks", "truth_class", "truth_start"}:
        assert np.isfinite(flat(busy, name)).all(), name


def test_seeds_and_sizes():
    first, again, other = (simulate(9, rng(seed), kind="mixed") for seed in (1, 1, 2))
    assert ak.array_equal(first, again, equal_nan=True)
    assert not ak.array_equal(first, other, equal_nan=True)
    empty = simulate(0, rng())
    assert len(empty) == 0
    assert str(empty.type.content) == str(first.type.content)


def test_hits_are_those_that_a_straight_line_makes(clean):
    """All 2034 wires beside the line from the foil to the calorimeter, one by one."""
    vertex = np.stack([flat(clean, f"truth_vertex{axis}") for axis in "yz"], axis=1)
    end = np.stack([flat(clean, f"point{axis}") for axis in "xyz"], axis=1)
    sides = (end[:, 0] > 0).astype(int)
    lines = ak.unflatten(np.arange(len(end)), clean.truth_ntracks)
    for event in range(120):
        expected = set()
        for line in lines[event]:
            way = end[line, :2] - [0, vertex[line, 0]]
            along = np.clip(((WIRES - [0, vertex[line, 0]]) @ way) / (way @ way), 0, 1)
            near = [0, vertex[line, 0]] + along[:, None] * way
            z = vertex[line, 1] + along * (end[line, 2] - vertex[line, 1])
            close = np.hypot(*(WIRES - near).T) < REACH_MM
            mine = (sides[line] == SIDE) & (np.abs(z) < 1550)
            expected |= set(np.flatnonzero(close & mine))
        assert set(cells(clean)[event]) == expected


@settings(deadline=None, max_examples=40)
@given(
    angle=st.floats(-1.4, 1.4),
    curvature=st.integers(-1500, 1500).map(lambda value: 1e-6 * value),
    y=st.floats(-2400, 2400),
    length=st.floats(1, 600),
)
@example(angle=1.28125, curvature=0.001082, y=0.0, length=251.0)
def test_cells_of_an_arc_are_those_near_its_points(angle, curvature, y, length):
    length = min(length, 0.99 * _to_turn(angle, curvature))
    one = np.ones(1)
    arc = Arcs(0 * one, y * one, 0 * one, angle * one, curvature * one, 0.5 * one, length * one)
    found = crossed(arc, np.array([1]), 1385.0)
    steps = np.linspace(0, length, 2000)
    u, v, z = arc.take(np.zeros(2000, np.int64)).at(steps)
    wires = WIRES[SIDE == 1]
    distance = np.hypot(wires[:, 0, None] - u, wires[:, 1, None] - v)
    nearest = distance.min(axis=1)
    inside = set(np.flatnonzero(nearest < REACH_MM - 0.01) + CELLS // 2)
    outside = set(np.flatnonzero(nearest > REACH_MM + 0.01) + CELLS // 2)
    assert inside <= set(found.cell)
    assert not outside & set(found.cell)
    seen = nearest[found.cell - CELLS // 2]
    np.testing.assert_allclose(found.distance, seen, atol=0.2)
    np.testing.assert_allclose(found.z, 0.5 * found.path)
    assert ((found.path >= 0) & (found.path <= length)).all()
    assert z[-1] == pytest.approx(0.5 * length)


def _to_turn(angle, curvature):
    """Path after which an arc leads back to the foil."""
    ahead = np.sign(curvature) * np.pi / 2 - angle
    return ahead / curvature if curvature else np.inf


def test_tracks_end_on_blocks_of_the_calorimeter():
    events = simulate(4000, rng(), tracks=1, kind="mixed", conditions="detector", calo_noise=0.0)
    events = events[ak.num(events.calo_id) == 1]
    kind, wall = flat(events, "calo_type"), flat(events, "calo_wall")
    x, y, z = (flat(events, f"point{axis}") for axis in "xyz")
    assert set(kind) == {0, 1, 2}
    np.testing.assert_allclose(np.abs(x[kind == 0]), 435)
    np.testing.assert_allclose(y[kind == 1], np.where(wall[kind == 1], 2505.5, -2505.5))
    np.testing.assert_allclose(z[kind == 2], np.where(wall[kind == 2], 1550, -1550))
    np.testing.assert_array_equal(x > 0, flat(events, "calo_side") == 1)
    row, column = flat(events, "calo_row"), flat(events, "calo_column")
    main = kind == 0
    assert np.abs(y - 259 * (column - 9.5))[main].max() < 128.1
    assert np.abs(z - 259 * (row - 6.0))[main].max() < 128.1
    assert np.abs(z - 212 * (row - 7.5))[kind == 1].max() < 104.3
    assert set(column[kind == 1]) == {0, 1}
    centre = np.where(column > 7, 161 + 311.5 * (column - 8), 311.5 * (column - 7) - 161)
    assert np.abs(y - centre)[kind == 2].max() < 155
    assert set(column[kind == 2]) >= {0, 15}


def test_a_cell_answers_once_and_hits_are_in_order(busy):
    number = cells(busy)
    assert ak.all(ak.num(number) == ak.Array([len(set(event)) for event in number.to_list()]))
    track = busy.truth_track
    order = ak.where(track < 0, 99, track)
    assert ak.all(order[:, 1:] >= order[:, :-1])
    assert ak.all(busy.grid_id == ak.local_index(busy.grid_id))
    split = busy.track_split
    for place in range(4):
        has = busy.truth_ntracks > place
        upto = ak.sum((track[has] >= 0) & (track[has] <= place), axis=1)
        assert ak.all(split[has, place] == upto)


def test_how_far_cells_answer_and_how_many_a_track_crosses():
    far, short = (simulate(4000, rng(), tracks=1, least=0, reach=z) for z in (1550.0, 700.0))
    assert np.abs(flat(far, "truth_z")).max() > 1500
    assert np.abs(flat(short, "truth_z")).max() < 700
    assert ak.any(ak.num(far.grid_id) == 0)
    for least in (1, 6):
        enough = simulate(2000, rng(), tracks=1, least=least, kind="mixed")
        assert ak.min(ak.num(enough.grid_id)) == least
    real = simulate(2000, rng(), tracks=1, conditions="detector", noise=0.0)
    assert np.abs(flat(real, "truth_z")).max() < 1385


def test_the_nearest_track_has_the_cell():
    """Tracks of one vertex share its cells: those of the one that passes nearer."""
    events = simulate(400, rng(), tracks=4, vertex="common")
    together = ak.firsts(events.truth_vertexy)
    assert ak.all(events.truth_vertexy == together)
    lost = ak.num(events.grid_id) < 4 * ak.mean(ak.num(simulate(400, rng(), tracks=1).grid_id))
    assert ak.mean(lost) > 0.5


def test_conditions(clean, busy):
    assert ak.all(flat(clean, "truth_track") >= 0)
    assert np.isfinite(flat(clean, "wirez")).all()
    noise = ak.sum(busy.truth_track < 0, axis=1)
    assert ak.mean(noise) == pytest.approx(3 * 0.98, abs=0.2)
    assert np.isnan(flat(busy, "wirez")).mean() == pytest.approx(1 - 0.95**2, abs=0.01)
    for place in range(1, 7):
        assert (flat(busy, f"tsp{place}") == -1).mean() == pytest.approx(0.05, abs=0.01)
    assert (flat(busy, "tsp0") >= 0).all()
    some = simulate(EVENTS, rng(), efficiency=0.8)
    share = ak.sum(ak.num(some.grid_id)) / ak.sum(ak.num(clean.grid_id))
    assert share == pytest.approx(0.8, abs=0.01)


def test_dead_cells_are_those_of_the_run():
    dead = np.flatnonzero(dead_cells(0.3, 7))
    assert len(dead) == pytest.approx(0.3 * CELLS, abs=4 * np.sqrt(0.21 * CELLS))
    for seed in (1, 2):
        events = simulate(EVENTS, rng(seed), dead=0.3, run=7, noise=2.0)
        answering = set(np.asarray(ak.flatten(cells(events))))
        assert not answering & set(dead)
    other = simulate(EVENTS, rng(1), dead=0.3, run=8.0, noise=2.0)  # as --set run=8 gives it
    assert set(np.asarray(ak.flatten(cells(other)))) & set(dead)


def test_lost_cells_are_those_of_tracks_that_are_missing():
    """With the same tracks, all cells of a perfect detector are seen or lost."""
    asked = {"tracks": (0, 4), "vertex": "common"}
    whole, some = simulate(800, rng(), **asked), simulate(800, rng(), efficiency=0.7, **asked)
    names = (some[f"truth_lost_{name}"] for name in ("side", "column", "layer"))
    lost = cell_number(*names)
    assert ak.all(ak.num(whole.truth_lost_side) == 0)
    both = ak.sort(ak.concatenate([cells(some), lost], axis=1))
    assert ak.array_equal(both, ak.sort(cells(whole)))
    noisy = simulate(800, rng(), noise=150.0, **asked)
    names = (noisy[f"truth_lost_{name}"] for name in ("side", "column", "layer"))
    stolen = ak.flatten(cell_number(*names) + CELLS * ak.local_index(noisy.truth_start))
    seen = ak.flatten(cells(noisy) + CELLS * ak.local_index(noisy.truth_start))
    assert len(stolen) > 20
    assert set(np.asarray(stolen)) <= set(np.asarray(seen))


def test_kinks():
    events = simulate(EVENTS, rng(), kind="kinked", tracks=1, kink=4.0)
    bend = flat(events, "bpangle")
    assert len(bend) == EVENTS
    assert np.degrees(bend.std()) == pytest.approx(4.0, rel=0.08)
    layer, x = flat(events, "break_layer"), flat(events, "breakpointx")
    assert set(layer) == set(range(1, 8))
    assert np.abs(np.abs(x) - 53 - 44 * layer).max() <= 21
    before = flat(events, "diry") / flat(events, "dirx") * x + flat(events, "truth_vertexy")
    np.testing.assert_allclose(flat(events, "breakpointy"), before, atol=1e-6)
    after = flat(events, "pointy") - flat(events, "breakpointy")
    sign = np.sign(x)
    turned = np.arctan2(after, sign * (flat(events, "pointx") - x))
    start = np.arctan2(flat(events, "diry"), sign * flat(events, "dirx"))
    np.testing.assert_allclose(turned - start, bend, atol=1e-6)


def test_electrons_turn_left_in_a_field_upwards():
    """The way from foil to calorimeter is left of the first direction, by its sagitta."""
    events = simulate(EVENTS, rng(), kind="curved", tracks=1, momentum="1:1", field=0.0025)
    direction = np.stack([flat(events, "dirx"), flat(events, "diry")])
    way = np.stack([flat(events, "pointx"), flat(events, "pointy") - flat(events, "truth_vertexy")])
    left = direction[0] * way[1] - direction[1] * way[0]
    assert (left > 0).all()
    chord = (way**2).sum(axis=0)
    across = 1 / np.hypot(1, flat(events, "dirz"))
    np.testing.assert_allclose(chord / (2 * left), across / (0.299792458 * 0.0025), rtol=1e-6)
    assert (flat(events, "charge") == -1).all()


def test_without_a_field_curves_are_straight(clean):
    same = simulate(EVENTS, rng(), kind="curved", field=0.0)
    assert ak.all(ak.num(same.grid_id) > 0) == ak.all(ak.num(clean.grid_id) > 0)
    way = flat(same, "pointy") - flat(same, "truth_vertexy")
    slope = flat(same, "diry") / flat(same, "dirx")
    np.testing.assert_allclose(way, slope * flat(same, "pointx"), atol=1e-6)


def test_isotropic_directions():
    events = simulate(4000, rng(), directions="isotropic", tracks=1)
    outwards = np.abs(flat(events, "dirx")) / np.hypot(1, flat(events, "dirz"))
    assert outwards.min() >= np.cos(np.pi / 2 - 0.1)
    assert outwards.mean() == pytest.approx(0.55, abs=0.04)


def test_drift_times_are_those_of_falaise():
    """r(t) at 1 and 3 us by hand from its constants; about 4 us at the edge of a cell."""
    for time in (1.0, 3.0):
        tenths = 10 * time
        by_hand = 5.70947153108633 * tenths / (tenths**0.580148313540993 + 1.6567483468611)
        assert radius(np.array(time)) == pytest.approx(by_hand)
    distance = np.linspace(0.05, 24, 100)
    np.testing.assert_allclose(radius(drift_time(distance)), distance, atol=0.02)
    assert drift_time(np.array(22.0)) == pytest.approx(3.85, abs=0.05)


def test_measured_radii_and_heights():
    n = 20_000
    true = np.full(n, 12.25)
    middle = measure(true, np.zeros(n), np.full(n, 10**9), 0.0, rng())
    assert (middle.radius - true).std() == pytest.approx(0.425, rel=0.05)
    assert resolution(np.array(0.0)) == pytest.approx(0.425 * (1 + 0.0083 * 12.25**2))
    assert middle.z.mean() == pytest.approx(0, abs=0.4)
    assert middle.z.std() == pytest.approx(10, rel=0.05)
    high = measure(true, np.full(n, 1200.0), np.full(n, 10**9), 0.0, rng())
    assert high.z.mean() == pytest.approx(1200, abs=1)
    wait = (high.ticks - high.ticks[:, :1]) * 0.0125
    assert wait[:, 6].mean() < wait[:, 5].mean()
    np.testing.assert_allclose(np.median(wait[:, 1] - wait[:, 6]), 0.15, atol=0.02)
    np.testing.assert_allclose(np.median(wait[:, 4] - 1.004 * wait[:, 5]), 0.6, atol=0.02)


def test_files_are_read_back(tmp_path):
    """Contents of both formats; drift times as TKEvent computes them give the radii."""
    asked = {"conditions": "detector", "kind": "mixed"}
    events = simulate(300, rng(3), **asked)
    trees = []
    for layout in ("hit_tree", "tkevent_flat"):
        write(tmp_path / layout, 300, rng(3), layout=layout, **asked)
        with uproot.open(tmp_path / layout) as file:
            (name,) = file.keys(cycle=False)
            trees.append(file[name].arrays())
    hit_tree, tkevent = trees
    assert ak.array_equal(hit_tree[events.fields], events, equal_nan=True)
    assert ak.all(tkevent["tr_hits.cell_num"] == cells(events))
    assert ak.all(tkevent["tr_hits.h"] == ak.nan_to_num(events.wirez, nan=0.0))
    assert ak.all(tkevent["OM_hits.energy"] == events.calo_energy)
    lost = (events[f"truth_lost_{name}"] for name in ("side", "column", "layer"))
    assert ak.all(tkevent["truth_lost.cell_num"] == cell_number(*lost))
    some = ak.num(events.calo_id) > 0
    late = 2 * tkevent["tr_hits.tsp0"][some] - tkevent["OM_hits.OM_TDC"][some, 0] + 44
    np.testing.assert_allclose(
        radius(0.00625 * ak.to_numpy(ak.flatten(late))), flat(events[some], "radius")
    )


def test_every_option_is_documented():
    assert set(OPTIONS) == {item.name for item in fields(Settings)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"tracks": "0:5"},
        {"tracks": 1.5},
        {"tracks": "two"},
        {"tracks": "1:2:3"},
        {"kind": "bent"},
        {"vertex": 0},
        {"directions": "up"},
        {"momentum": "3:1"},
        {"momentum": 0.1},
        {"field": 1.0},
        {"field": None},
        {"kink": -1.0},
        {"conditions": "dirty"},
        {"efficiency": 1.1},
        {"noise": float("nan")},
        {"dead": "1%"},
        {"missing": -0.1},
        {"reach": 2000.0},
        {"least": 10},
        {"events": "0nu"},
        {"events": "0nubb", "tracks": 2},
        {"events": "2nubb", "kind": "curved"},
        {"least_energy": 1.0},
        {"least_energy": 1.0, "events": "0nubb"},
        {"least_energy": 3.5, "events": "2nubb"},
        {"calo_noise": -1.0},
        {"least": 1.5},
        {"run": float("inf")},
        {"run": -1},
        {"nosie": 1.0},
    ],
)
def test_senseless_requests_are_refused(wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        simulate(2, rng(), **wrong)


@pytest.mark.parametrize("n", [-1, 2.5])
def test_senseless_numbers_are_refused(n):
    with pytest.raises(DataError, match="number of events"):
        simulate(n, rng())


def test_tracks_that_never_arrive_are_refused(monkeypatch):
    monkeypatch.setattr("rootml_supernemo.simulation.tracks.ATTEMPTS", 3)
    with pytest.raises(DataError, match="turn back"):
        simulate(200, rng(), kind="curved", tracks=3, momentum=0.3, field=0.01)
