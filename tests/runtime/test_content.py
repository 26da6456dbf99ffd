"""Files that are not what their card says, by their content."""

from __future__ import annotations

import io
import pickle
import zipfile

import pytest

from rootml.errors import IntegrityError, NetworkError
from rootml.registry import load
from rootml.runtime.engines import FORMATS

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n"


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return file.getvalue()


OTHERS = {
    "empty file": b"",
    "Git LFS pointer: run git lfs pull": POINTER,
    "HTML page": b"<!DOCTYPE html><html>404 Not Found</html>",
    "XML text": b'<?xml version="1.0"?><net/>',
    "a pickle, which can run any code": pickle.dumps({"weights": [1.0]}),
    "joblib": b"x\x9c\x6b\x60",
    "compressed": b"\x1f\x8b\x08\x00",
    "Keras": b"\x89HDF\r\n\x1a\n",
    "ROOT file": b"root\x00\x00\xf6",
    "JSON text that holds no XGBoost model": b'{"layers": []}',
    "damaged zip archive": zipped("a/data.pkl")[:20],
    "a zip archive": zipped("a/readme"),
    "weights saved by torch.save": zipped("net/data.pkl", "net/data/0"),
    "PyTorch up to 2.7": zipped("serialized_exported_program.json", "version"),
}


@pytest.mark.parametrize("words", OTHERS)
def test_what_is_no_network_is_said_in_words(tmp_path, open_as, words):
    file = tmp_path / "toy.net"
    file.write_bytes(OTHERS[words])
    for format in FORMATS:
        with pytest.raises(NetworkError, match=rf"toy\.net: not an? .*, but .*{words}"):
            open_as(format, file)


def test_networks_of_another_format(make, open_as):
    file = make().engine.path
    for format in set(FORMATS) - {"onnx"}:
        with pytest.raises(NetworkError, match=r"this is an ONNX graph, .* its format is 'onnx'"):
            open_as(format, file)


@pytest.mark.parametrize("format", FORMATS)
def test_content_that_nobody_knows(tmp_path, open_as, format):
    file = tmp_path / "toy.net"
    file.write_bytes(b"(lp0\nI1\na.")
    with pytest.raises(NetworkError, match=r"toy\.net: \w+ cannot open this network: |not an ONNX"):
        open_as(format, file)


def test_a_pointer_instead_of_the_network_of_the_card(make):
    model = make()
    model.engine.path.write_bytes(POINTER)
    with pytest.raises(IntegrityError, match=r"describes \(it is a Git LFS pointer: run git lfs"):
        load(model.engine.path.with_name("toy.card.yaml"))
