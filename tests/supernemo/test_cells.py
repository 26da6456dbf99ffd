"""Images of the cells with heights and radii."""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml_supernemo.cells import build


def events():
    return ak.zip(
        {
            "side": [[0, 1], [], [1]],
            "layer": [[0, 8], [], [3]],
            "row": [[56, 112], [], [0]],
            "z": [[692.5, np.nan], [], [-9000.0]],
            "radius": [[11.0, np.nan], [], [22.0]],
        },
        depth_limit=1,
    )


def test_each_hit_says_all_that_is_known_of_it():
    batch = build(events())
    assert batch.judged is None
    image = batch.tensors["cells"]
    assert image.shape == (3, 2, 4, 9, 113)
    assert not image[1].any()
    np.testing.assert_array_equal(image[0, :, :, 0, 56], [[1, 0.5, 1, 0.5], [0] * 4])
    np.testing.assert_array_equal(image[0, :, :, 8, 112], [[0] * 4, [1, 0, 0, 0]])
    np.testing.assert_array_equal(image[2, 1, :, 3, 0], [1, -1.5, 1, 1])
    assert image.sum() == 1 + 0.5 + 1 + 0.5 + 1 + 1 - 1.5 + 1 + 1
