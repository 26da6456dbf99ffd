"""A process opens a network once for all files, and never goes on with one that was exchanged."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import IntegrityError
from rootml.rootio.provenance import read_provenance
from rootml.runtime.onnx_engine import OnnxEngine


@pytest.fixture
def openings(monkeypatch):
    """The paths of the networks that were opened."""
    paths = []
    original = OnnxEngine._open

    def counted(self, data):
        paths.append(self.path)
        original(self, data)

    monkeypatch.setattr(OnnxEngine, "_open", counted)
    return paths


@pytest.fixture
def tag(hits, tmp_path):
    """``tag(name)`` tags the file; gives the sha256 of the network in the record, and scores."""

    def run(name, **options):
        target = tmp_path / f"{name}.root"
        rootml.tag_file(hits, target, plots=False, **options)
        with uproot.open(target) as file:
            (entry,) = read_provenance(file, "hits")["taggings"]
            return entry["model"]["sha256"], file["hits"]["toy_score"].array(library="np")

    return run


def test_one_opening_serves_all_files(toy, tag, hits, openings):
    (sha256, scores), (same, again) = tag("one"), tag("two")
    assert len(openings) == 1
    assert sha256 == same
    np.testing.assert_array_equal(scores, again)
    events = rootml.annotate(f"{hits}:hits")
    np.testing.assert_array_equal(events.toy_score, scores)
    assert len(openings) == 1


@pytest.mark.parametrize("option", [{"threads": 2}, {"engine": "openvino"}])
def test_what_is_asked_of_the_engine_counts(toy, tag, openings, option):
    tag("one")
    tag("two", **option)
    tag("three")
    assert len(openings) == (2 if "threads" in option else 1)


def test_an_exchanged_network_is_refused(toy, tag, hits, write_network):
    tag("one")
    write_network(toy.with_name("toy.onnx"), weight=-0.1)
    with pytest.raises(IntegrityError, match=r"toy\.onnx: not the network that its card"):
        tag("two")
    with pytest.raises(IntegrityError):
        rootml.annotate(f"{hits}:hits")


def test_a_network_that_was_trained_again_is_opened(toy, tag, write_network, write_card):
    sha256, scores = tag("one")
    write_card(write_network(toy.with_name("toy.onnx"), weight=-0.1))
    other, lower = tag("two")
    assert other != sha256
    np.testing.assert_allclose(lower, 1 - scores, rtol=1e-5)
