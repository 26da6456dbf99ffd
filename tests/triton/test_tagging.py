"""Files that a server tags, and what their record says; what is exported for a server."""

from __future__ import annotations

import json

import numpy as np
import pytest
import uproot

pytestmark = pytest.mark.usefixtures("toylab", "own_places")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.root"
    cells = np.random.default_rng(5).exponential(1, (500, 6)).astype("f4")
    zeros = np.zeros(500, "i4")
    with uproot.recreate(path) as file:
        file["hits"] = {"cell_e": cells, "truth_label": zeros, "run": zeros.astype("u8")}
    return path


@pytest.fixture
def tag(source, tmp_path, write_model, command):
    """``tag(engine)``: the scores and the record of ``in.root``, tagged by the toy network."""
    model = write_model()

    def run(engine):
        out = tmp_path / "out.root"
        options = ["--engine", engine, "--no-plots", "--overwrite"]
        done = command("tag", source, out, "--model", model, *options)
        assert done.code == 0, done.err
        with uproot.open(out) as file:
            scores = file["hits/toy_score"].array(library="np")
            record = json.loads(str(file["rootml_provenance"]))["taggings"][0]
        return scores, record, command("inspect", out).out

    return run


def test_a_file_that_a_server_tagged(server, tag):
    here, _, _ = tag("onnxruntime")
    there, record, said = tag(f"triton://{server.host}/toy")
    np.testing.assert_array_equal(there, here)
    assert record["engine"]["device"] == f"triton://{server.host}/toy"
    assert "fallback" not in record["engine"]
    assert record["model"]["verified"]
    assert f"run by triton {record['engine']['version']} at triton://{server.host}/toy" in said


@pytest.mark.filterwarnings("ignore::rootml.errors.RootmlWarning")
def test_the_record_tells_what_stood_in(tag):
    here, _, _ = tag("onnxruntime")
    there, record, said = tag("triton://127.0.0.1:9/toy?timeout=0.5&fallback=local")
    np.testing.assert_array_equal(there, here)
    assert record["engine"]["fallback"].startswith("onnxruntime ")
    assert f"and by {record['engine']['fallback']} since that was away" in said


@pytest.mark.filterwarnings("ignore::rootml.errors.RootmlWarning")
def test_a_record_of_an_unknown_network(server, tag):
    _, record, said = tag(f"triton://{server.host}/unknown")
    assert (record["model"]["sha256"], record["model"]["verified"]) == ("", False)
    assert "(sha256 not known)" in said


def test_a_server_that_is_away_leaves_no_file(source, tmp_path, write_model, command):
    out = tmp_path / "out.root"
    engine = ["--engine", "triton://127.0.0.1:9/toy?timeout=0.5"]
    done = command("tag", source, out, "--model", write_model(), *engine, "--no-plots")
    assert (done.code, "the server is away" in done.err) == (2, True)
    assert not out.exists()


def test_what_is_exported(repository):
    from google.protobuf import text_format
    from tritonclient.grpc.model_config_pb2 import ModelConfig

    text = (repository / "toy/config.pbtxt").read_text()
    config = text_format.Parse(text, ModelConfig())
    assert (config.name, config.backend, config.max_batch_size) == ("toy", "onnxruntime", 64)
    assert [(port.name, list(port.dims)) for port in config.input] == [("cells", [6])]
    assert [(port.name, list(port.dims)) for port in config.output] == [("score", [1])]
    assert (repository / "toy/toy.card.yaml").is_file()
    assert (repository / "toy/1/model.onnx").is_file()


def test_another_model_of_that_name_stays(
    tmp_path, write_model, write_network, write_card, command
):
    folder = tmp_path / "repository"
    assert command("models", "export", write_model(), "--triton", folder).code == 0
    before = (folder / "toy/config.pbtxt").read_bytes()
    other = write_card(write_network(tmp_path / "toy.onnx", weight=0.2))
    done = command("models", "export", other, "--triton", folder)
    assert (done.code, "there already" in done.err) == (2, True)
    assert (folder / "toy/config.pbtxt").read_bytes() == before


def test_what_is_no_graph(tmp_path, command):
    folder = tmp_path / "repository"
    done = command("models", "export", "xgboost_htautau", "--triton", folder)
    assert (done.code, "what is made for Triton are ONNX graphs" in done.err) == (2, True)
    assert not folder.exists()
