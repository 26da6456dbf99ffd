"""Networks that run on a Triton server."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from rootml.errors import IntegrityError, NetworkError, RootmlWarning
from rootml.registry import load
from rootml.runtime.servers import Server, parse_server

pytestmark = pytest.mark.usefixtures("toylab", "own_places")


@pytest.mark.parametrize("rows", [30, 64, 3000], ids="in requests of {}".format)
def test_a_server_gives_the_same_numbers(server, card, cells, expected, rows):
    model = load(card(), engine=f"triton://{server.host}/toy")
    np.testing.assert_array_equal(model({"cells": cells}, rows)["score"], expected)


def test_the_model_is_called_as_on_the_card_unless_told(server, card, cells, expected):
    engine = load(card(), engine=f"triton://{server.host}").engine
    assert engine.described() == {
        "name": "triton",
        "version": engine.version,
        "device": f"triton://{server.host}/toy",
    }
    assert engine.version[0].isdigit()
    version = load(card(), engine=f"triton://{server.host}/toy:1")
    np.testing.assert_array_equal(version({"cells": cells})["score"], expected)


def test_a_network_whose_rows_are_single_numbers(server):
    here, there = load("cnn_ams"), load("cnn_ams", engine=f"triton://{server.host}")
    assert here.engine.outputs["score"].shape != there.engine.outputs["score"].shape
    image = np.random.default_rng(1).exponential(1, (40, 1, 18, 72)).astype("f4")
    expected = here({"image": image})["score"]
    np.testing.assert_array_equal(there({"image": image})["score"], expected)


def test_no_file_is_needed_here(server, card, cells, expected):
    path = card()
    path.with_name("toy.onnx").unlink()
    model = load(path, engine=f"triton://{server.host}/toy")
    np.testing.assert_array_equal(model({"cells": cells})["score"], expected)


def test_it_travels(server, card, cells, expected):
    model = load(card(), engine=f"triton://{server.host}/toy")
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again({"cells": cells})["score"], expected)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            "tyo",
            r"unknown model: 'tyo'.*did you mean 'toy'.*\(it has: cnn_ams, slow, stuck, toy,",
        ),
        ("toy:7", "'toy' version 7 is not found"),
    ],
)
def test_models_that_are_not_there(server, card, place, message):
    with pytest.raises(NetworkError, match=message):
        load(card(), engine=f"triton://{server.host}/{place}")


def test_a_model_that_does_not_fit_its_card(server, card):
    outputs = [{"name": "scores", "tensor": "score", "shape": [3]}]
    with pytest.raises(NetworkError, match=r"(?s)triton://.*does not fit.*axis 1 differs"):
        load(card(outputs=outputs), engine=f"triton://{server.host}/toy")


def test_another_network_of_the_same_shape(server, card):
    with pytest.raises(IntegrityError, match="not the network that the card describes"):
        load(card(weight=0.2), engine=f"triton://{server.host}/toy")


def test_a_server_that_does_not_say_what_it_has(server, card):
    with pytest.warns(RootmlWarning, match="does not tell which network this is"):
        model = load(card(), engine=f"triton://{server.host}/unknown")
    assert model.engine.sha256 == ""


def test_addresses():
    assert parse_server("triton://host:8001/cvt_ams:2?timeout=5&tls=yes&fallback=local") == Server(
        "host:8001", "cvt_ams", "2", 5.0, True, True
    )
    assert str(parse_server("triton://[::1]:8001/a?timeout=5")) == "triton://[::1]:8001/a"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("triton://host/model", "expected triton://host:port/model"),
        ("triton://host:8001/model:new", "expected triton://host:port/model"),
        ("triton://me:secret@host:8001/model", "expected triton://host:port/model"),
        ("triton://host:8001/a/b", "expected triton://host:port/model"),
        ("triton://host:8001/a?fallbak=local", "unknown option 'fallbak'; did you mean 'fallback'"),
        ("triton://host:8001/a?fallback=cpu", "fallback=.*expected local or no"),
        ("triton://host:8001/a?timeout=soon", "timeout=.*expected seconds, above 0"),
        ("triton://host:8001/a?timeout=0", "timeout=.*expected seconds, above 0"),
    ],
)
def test_addresses_that_are_none(card, address, message):
    with pytest.raises(NetworkError, match=message):
        load(card(), engine=address)


def test_what_a_server_is_not_asked(card):
    with pytest.raises(NetworkError, match="a card cannot name a server"):
        load(card(network={"engine": "triton://host:8001/toy"}))
    with pytest.raises(NetworkError, match="is the server's to say, not device=cuda"):
        load(card(), engine="triton://host:8001/toy", device="cuda")
