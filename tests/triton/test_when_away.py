"""Servers that are slow, away, killed or started again; last, as they are started again for it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rootml.errors import RootmlWarning, ServerAway
from rootml.registry import load

pytestmark = pytest.mark.usefixtures("toylab", "own_places")
NOBODY = "127.0.0.1:9"


def test_a_slow_server(server, card, cells):
    model = load(card(), engine=f"triton://{server.host}/stuck?timeout=2")
    began = time.monotonic()
    with pytest.raises(ServerAway, match="no answer in time"):
        model({"cells": cells[:10]})
    assert time.monotonic() - began < 8


def test_nobody_there(card):
    with pytest.raises(ServerAway, match=rf"{NOBODY}/toy: the server is away"):
        load(card(), engine=f"triton://{NOBODY}/toy?timeout=0.5")


def test_nobody_there_and_a_network_here(card, cells, expected):
    with pytest.warns(RootmlWarning, match="onnxruntime runs the network here from now on"):
        model = load(card(), engine=f"triton://{NOBODY}/toy?timeout=0.5&fallback=local")
    np.testing.assert_array_equal(model({"cells": cells})["score"], expected)
    assert model.engine.described()["fallback"].startswith("onnxruntime ")


def test_started_again_in_the_middle(server, card, cells, expected):
    model = load(card(), engine=f"triton://{server.host}/slow?timeout=30")

    def crash():
        server.kill()
        server.start()

    threading.Timer(0.3, crash).start()
    np.testing.assert_array_equal(model({"cells": cells}, 64)["score"], expected)


def test_killed_in_the_middle(server, card, cells, expected):
    address = f"triton://{server.host}/slow?timeout=2"
    alone, helped = load(card(), engine=address), load(card(), engine=f"{address}&fallback=local")
    threading.Timer(0.3, server.kill).start()
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(alone, {"cells": cells}, 64)
        with pytest.warns(RootmlWarning, match="runs the network here") as warned:
            np.testing.assert_array_equal(helped({"cells": cells}, 64)["score"], expected)
        with pytest.raises(ServerAway, match=rf"{server.host}/slow: the server is away"):
            ended.result()
    assert len(warned) == 1
