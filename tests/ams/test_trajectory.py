"""Windows around the measured track."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import InputError
from rootml.rootio.source import open_source
from rootml_ams.geometry import FRONT_Z_CM

X_LAYERS = (2, 3, 6, 7, 10, 11, 14, 15)
NAMES = ("track_x", "track_y", "track_z", "track_zenith", "track_azimuth")
BRANCHES = ("Trk_Ecal_Inci_X", "Trk_Ecal_Inci_Y", "Trk_Ecal_Inci_Z")


def events_of(image, *track):
    columns = dict(zip(NAMES, np.broadcast_arrays(*track), strict=True), image=image)
    return ak.zip(
        {name: ak.from_numpy(np.asarray(v, np.float32)) for name, v in columns.items()},
        depth_limit=1,
    )


@pytest.fixture(scope="module")
def view(adapter):
    return adapter.views["trajectory"]


@pytest.fixture(scope="module")
def full():
    """An image whose cells all differ: 1000 x layer + cell + 1."""
    return (1000 * np.arange(18)[:, None] + np.arange(72) + 1).astype(np.float32)


def reference(image, x, y, z, zenith, azimuth):
    """The same window, cell by cell."""
    window = np.zeros((2, 18, 20))
    for layer in range(18):
        down = z - (FRONT_Z_CM - (layer + 0.5) * 16.6 / 18)
        along_x = layer in X_LAYERS
        if along_x:
            place = x + down * np.tan(zenith) * np.cos(azimuth)
        else:
            place = y + down * np.tan(zenith) * np.sin(azimuth)
        nearest = round(place / 0.9 + 36)  # border between two cells, the middle of the window
        for k in range(20):
            if 0 <= nearest - 10 + k < 72:
                window[int(along_x), layer, k] = image[layer, nearest - 10 + k]
    return window


TRACKS = st.tuples(
    st.floats(-32, 32),
    st.floats(-32, 32),
    st.floats(-145, -100),
    st.floats(0, 1.2),
    st.floats(-7, 7),
)


@given(track=TRACKS)
@settings(max_examples=100, deadline=None)
def test_as_the_reference(view, full, track):
    track = np.float32(track).astype(float)
    batch = view.build(events_of(full[None], *track[:, None]))
    if batch.rows:
        np.testing.assert_array_equal(batch.tensors["trajectory"][0], reference(full, *track))


def test_a_vertical_track_in_the_middle(view, full):
    batch = view.build(events_of(full[None], [0.0], [0.0], [FRONT_Z_CM], [0.0], [0.0]))
    window = batch.tensors["trajectory"][0]
    for layer in range(18):
        along_x = int(layer in X_LAYERS)
        np.testing.assert_array_equal(window[along_x, layer], full[layer, 26:46])
        assert not window[1 - along_x, layer].any()


def test_the_track_is_the_same_from_whatever_height(view, full):
    zenith, azimuth, z = 0.3, 2.1, np.array([FRONT_Z_CM, -100.0, 53.1])
    across = (FRONT_Z_CM - z) * np.tan(zenith)
    x, y = 3 + across * np.cos(azimuth), -4 + across * np.sin(azimuth)
    windows = view.build(events_of(np.stack([full] * 3), x, y, z, zenith, azimuth))
    for other in windows.tensors["trajectory"][1:]:
        np.testing.assert_array_equal(other, windows.tensors["trajectory"][0])


def test_a_track_that_leaves_keeps_what_is_inside(view, full):
    # enters 1 cm from the side at 45 degrees: outside in x from the third layer on
    batch = view.build(events_of(full[None], [31.4], [0.0], [FRONT_Z_CM], [np.pi / 4], [0.0]))
    window = batch.tensors["trajectory"][0]
    assert batch.judged.all()
    assert not window[1, 15].any() or np.count_nonzero(window[1, 15]) < 10
    assert np.count_nonzero(window[1, 2]) > np.count_nonzero(window[1, 14])
    assert np.count_nonzero(window[0]) == 10 * 20


@pytest.mark.parametrize(
    "track",
    [
        (np.nan, 0, FRONT_Z_CM, 0.1, 0),
        (0, 0, FRONT_Z_CM, 0.1, np.inf),
        (0, 0, FRONT_Z_CM, np.pi / 2, 0),
        (0, 0, FRONT_Z_CM, 3.0, 0),
        (0, 0, FRONT_Z_CM, -0.1, 0),
        (40, 0, FRONT_Z_CM, 0.1, 0),
        (0, 3e38, FRONT_Z_CM, 0.1, 0),
        (0, 0, 100, 1.5, 0),
        (25, 25, FRONT_Z_CM, 0.0, 0),  # far from the only deposit
    ],
)
def test_not_judged_without_a_track_through_the_shower(view, track):
    image = np.zeros((3, 18, 72), np.float32)
    image[:2, 5, 36] = 100
    good = (0.0, 0.0, FRONT_Z_CM, 0.1, 0.0)
    batch = view.build(events_of(image, *np.array([good, track, good], float).T))
    assert batch.judged.tolist() == [True, False, False]
    assert batch.tensors["trajectory"].shape == (1, 2, 18, 20)


def test_simulated_electrons_shower_along_their_track(view, read, events):
    columns = read("flat", {name: events[name] for name in events.fields}, *view.columns)
    batch = view.build(columns)
    assert batch.judged.all()
    electrons = ak.to_numpy(events["truth_label"]) == 1
    window = batch.tensors["trajectory"][electrons]
    inside = window.sum(axis=(1, 2, 3)) / ak.to_numpy(columns["image"])[electrons].sum(axis=(1, 2))
    assert inside.min() > 0.99
    profile = window.sum(axis=(0, 2))  # (2, 20)
    middle = (profile @ np.arange(20)) / profile.sum(axis=1)
    np.testing.assert_allclose(middle, 9.5, atol=0.05)


def test_files_without_tracks_are_refused_by_name(adapter, view, tmp_path):
    path = tmp_path / "gbatch.root"
    adapter.write(path, 5, np.random.default_rng(1), layout="gbatch")
    with open_source(path, [adapter]) as source, pytest.raises(InputError) as caught:
        source.read(view.columns, 0, 5)
    assert all(name in str(caught.value) for name in ("gbatch.root", "track_x"))
