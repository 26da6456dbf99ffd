"""One network through four engines, and files of PyTorch that would do more than compute."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pickle
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from rootml.errors import NetworkError
from rootml.runtime.engine import EngineOptions
from rootml.runtime.torch_export_engine import TorchExportEngine
from rootml.runtime.torchscript_engine import TorchScriptEngine
from rootml.testing import ModelContract

LIBRARY = {"onnx": "onnxruntime", "torch-export": "torch", "torchscript": "torch"}


@contextlib.contextmanager
def silent():
    """PyTorch's remarks on its own ways stay out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Small(nn.Module):
    """Six cells to a probability, and to three more numbers."""

    def __init__(self, returns="tensor"):
        super().__init__()
        self.returns = returns
        self.body = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Dropout(0.5))
        self.head = nn.Linear(16, 3)
        self.register_buffer("scale", torch.full((6,), 2.0))

    def forward(self, cells):
        latent = self.head(self.body(torch.log1p(cells / self.scale)))
        score = torch.sigmoid(latent.sum(dim=1))
        if self.returns == "dict":
            return {"latent": latent, "score": score}
        return (score, latent) if self.returns == "tuple" else score


def small(returns="tensor"):
    torch.manual_seed(1)
    return Small(returns).eval()


def exported(network, dynamic=True):
    sizes = ({0: torch.export.Dim("n")},) if dynamic else None
    file = io.BytesIO()
    torch.export.save(torch.export.export(network, (torch.ones(2, 6),), dynamic_shapes=sizes), file)
    return file.getvalue()


def scripted(network):
    file = io.BytesIO()
    with silent():
        torch.jit.save(torch.jit.script(network), file)
    return file.getvalue()


def traced(network):
    file = io.BytesIO()
    with silent():
        torch.jit.save(torch.jit.trace(network, torch.ones(2, 6), strict=False), file)
    return file.getvalue()


def as_onnx(network):
    file = io.BytesIO()
    with silent():  # the older exporter takes a tenth of the time
        torch.onnx.export(
            network,
            (torch.ones(2, 6),),
            file,
            dynamo=False,
            input_names=["cells"],
            output_names=["score"],
            dynamic_axes={"cells": {0: "n"}, "score": {0: "n"}},
        )
    return file.getvalue()


WRITERS = {"onnx": as_onnx, "torch-export": exported, "torchscript": traced}


@pytest.fixture(scope="module")
def contents():
    return {format: write(small()) for format, write in WRITERS.items()}


@pytest.fixture(scope="module")
def truth(cells):
    with torch.inference_mode():
        return small()(torch.from_numpy(cells)).numpy()


@pytest.mark.parametrize(
    ("format", "engine"),
    [("onnx", None), ("onnx", "openvino"), ("torch-export", None), ("torchscript", None)],
)
def test_all_engines_give_the_same_numbers(
    contents, cells, truth, tmp_path, open_as, format, engine
):
    file = tmp_path / "toy.net"
    file.write_bytes(contents[format])
    model = open_as(format, file, engine=engine, threads=1)
    assert model.engine.name == (engine or LIBRARY[format])
    score = model({"cells": cells}, batch_size=300)["score"]
    np.testing.assert_allclose(score, truth, rtol=0, atol=1e-6)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy({"cells": cells}, batch_size=300)["score"], score)
    (alone,) = model({"cells": cells[:1]})["score"]
    np.testing.assert_allclose(alone, score[0], rtol=0, atol=1e-6)


class TestContract(ModelContract):
    """The engines of PyTorch, and OpenVINO, keep what every model keeps."""

    @pytest.fixture(params=["openvino", "torch-export", "torchscript"])
    def model(self, request, contents, tmp_path, open_as):
        format, engine = (
            ("onnx", "openvino") if request.param == "openvino" else (request.param, None)
        )
        return open_as(format, network_file(tmp_path, contents[format]), engine=engine)


def network_file(folder, content):
    path = folder / "toy.net"
    path.write_bytes(content)
    return path


def opened(engine, folder, content, outputs=("score",)):
    path = network_file(folder, content)
    options = EngineOptions(outputs=outputs)
    return engine(path, hashlib.sha256(content).hexdigest(), options)


@pytest.mark.parametrize(
    ("format", "write"),
    [("torch-export", exported), ("torchscript", traced), ("torchscript", scripted)],
)
@pytest.mark.parametrize("returns", ["tuple", "dict"])
def test_outputs_by_key_or_by_the_cards_order(
    cells, truth, tmp_path, open_as, format, write, returns
):
    if write is scripted:
        content = scripted(ScriptedDict() if returns == "dict" else ScriptedTuple())
    else:
        content = write(small(returns))
    outputs = [{"name": "p", "tensor": "score"}, {"name": "z", "tensor": "latent", "shape": [3]}]
    found = open_as(format, network_file(tmp_path, content), outputs)({"cells": cells})
    assert found["z"].shape == (len(cells), 3)
    if write is not scripted:
        np.testing.assert_allclose(found["p"], truth, rtol=0, atol=1e-6)


class ScriptedDict(nn.Module):
    def forward(self, cells: torch.Tensor):
        return {"latent": cells[:, :3], "score": torch.sigmoid(cells.sum(1))}


class ScriptedTuple(nn.Module):
    def forward(self, cells: torch.Tensor):
        return torch.sigmoid(cells.sum(1)), cells[:, :3]


@pytest.mark.parametrize("format", ["torch-export", "torchscript"])
@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ([{"name": "a"}, {"name": "b"}], "gives 1 outputs without names.* it names a, b"),
        ([{"name": "score", "shape": [3]}], r"score.*(another number of axes|\(2,\) for 2 rows)"),
        ([{"name": "score", "dtype": "int16"}], "float32.* cannot be cast to .*int16 without loss"),
    ],
)
def test_card_that_does_not_fit(contents, tmp_path, open_as, format, outputs, message):
    with pytest.raises(NetworkError, match=rf"(?s)toy\.net.*{message}"):
        open_as(format, network_file(tmp_path, contents[format]), outputs)


@pytest.mark.parametrize(
    ("format", "content", "message"),
    [
        ("torch-export", lambda: exported(small(), dynamic=False), "batch axis fixed to 2"),
        ("torchscript", lambda: scripted(Fixed()), "failed: .*shape"),
    ],
)
def test_number_of_rows_that_is_fixed(tmp_path, open_as, format, content, message):
    with pytest.raises(NetworkError, match=rf"(?s){message}"):
        open_as(format, network_file(tmp_path, content()))


class Fixed(nn.Module):
    def forward(self, cells: torch.Tensor):
        return cells.reshape(2, 6).sum(1)


class Halves(nn.Module):
    def forward(self, hits):
        n, k, _ = hits.shape
        return hits.reshape(n, k * 3)[:, : (k * 3) // 2].sum(1) + torch.ones(k * 2 + 1).sum()


def test_sizes_are_computed(tmp_path):
    sizes = ({0: torch.export.Dim("n"), 1: 2 * torch.export.Dim("half", min=1, max=50)},)
    file = io.BytesIO()
    torch.export.save(
        torch.export.export(Halves(), (torch.ones(2, 6, 3),), dynamic_shapes=sizes), file
    )
    engine = opened(TorchExportEngine, tmp_path, file.getvalue())
    hits = np.random.default_rng(1).random((5, 8, 3), dtype="f4")
    (found,) = engine.run({"hits": hits}, ["score"])
    np.testing.assert_allclose(found, hits.reshape(5, 24)[:, :12].sum(1) + 17, rtol=1e-6)


@pytest.mark.parametrize(
    ("format", "engine"), [("onnx", "openvino"), ("torch-export", None), ("torchscript", None)]
)
def test_threads_share_a_network_and_the_process_keeps_its_own(
    contents, cells, truth, tmp_path, open_as, format, engine
):
    model = open_as(format, network_file(tmp_path, contents[format]), engine=engine, threads=1)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        readable = cells.copy()
        readable.flags.writeable = False
        with ThreadPoolExecutor(4) as pool:
            parts = [*pool.map(lambda x: model({"cells": x})["score"], np.split(readable, 40))]
        model({"cells": cells})
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(np.concatenate(parts), truth, rtol=0, atol=1e-6)


# What follows would run a command, if torch.export.load or torch.jit.load had its way.


class Evil:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def as_pickle(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def edited(content, edit):
    """The archive ``content`` after ``edit`` changed its files, a dict of bytes by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    edit(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"archive/{name}", data)
    return target.getvalue()


def edit_json(name, edit):
    def change(files):
        content = json.loads(files[name])
        edit(content)
        files[name] = json.dumps(content).encode()

    return change


GRAPH = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"
CONSTANTS = "data/constants/model_constants_config.json"


def pickled_weight(mark):
    def change(files):
        edit_json(WEIGHTS, lambda c: c["config"]["head.bias"].update(use_pickle=True))(files)
        place = json.loads(files[WEIGHTS])["config"]["head.bias"]["path_name"]
        files[f"data/weights/{place}"] = as_pickle(Evil(mark))

    return change


def pickled_constant(mark, use_pickle=True):
    entry = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": use_pickle}

    def change(files):
        edit_json(CONSTANTS, lambda c: c["config"].update(c=entry | {"tensor_meta": None}))(files)
        files["data/constants/opaque_obj_0"] = pickle.dumps(Evil(mark))

    return change


def in_sizes(mark):
    def change(graph):
        for value in graph["graph_module"]["graph"]["tensor_values"].values():
            for size in value["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = f"__import__('os').mkdir({str(mark)!r}) or 3"

    return edit_json(GRAPH, change)


def in_names(mark):
    code = json.dumps(f"cells=__import__('os').mkdir({str(mark)!r})")
    return lambda files: files.update(
        {GRAPH: files[GRAPH].replace(b'"cells"', code.encode())},
    )


def operator(name):
    def change(graph):
        graph["graph_module"]["graph"]["nodes"][-1]["target"] = name

    return lambda mark: edit_json(GRAPH, change)


def kind_of_input(graph):
    for entry in graph["graph_module"]["module_call_graph"]:
        if entry["signature"]:
            spec = entry["signature"]["in_spec"]
            entry["signature"]["in_spec"] = spec.replace("builtins.tuple", "os.mkdir", 1)


ATTACKS = {
    "weights 'head.bias' are a pickle": pickled_weight,
    "weights 'c' are a pickle": pickled_constant,
    "it holds 'data/constants/opaque_obj_0'": partial(pickled_constant, use_pickle=False),
    "objects of custom classes": lambda mark: edit_json(
        GRAPH, lambda c: c["graph_module"]["graph"]["custom_obj_values"].update(x={"name": "x"})
    ),
    r"it holds 'data/weights/model\.pt'": lambda mark: (
        lambda files: files.update({"data/weights/model.pt": as_pickle({"w": Evil(mark)})})
    ),
    "it holds 'data/aotinductor/model/code.so'": lambda mark: (
        lambda files: files.update({"data/aotinductor/model/code.so": b"\x7fELF"})
    ),
    "in its graph is not a size": in_sizes,
    "in its graph is not a name": in_names,
    r"operator 'torch\.os\.system'": operator("torch.os.system"),
    r"operator 'torch\.ops\.aten\.from_file\.default'": operator(
        "torch.ops.aten.from_file.default"
    ),
    r"operator 'torch\.ops\.mylib\.f\.default'": operator("torch.ops.mylib.f.default"),
    r"operator '_operator\.methodcaller'": operator("_operator.methodcaller"),
    r"takes or gives a 'os\.mkdir'": lambda mark: edit_json(GRAPH, kind_of_input),
}


@pytest.mark.parametrize("words", ATTACKS)
def test_programs_that_would_run_code_are_refused(contents, tmp_path, words):
    mark = tmp_path / "mark"
    content = edited(contents["torch-export"], ATTACKS[words](mark))
    with pytest.raises(NetworkError, match=rf"toy\.net: torch cannot open this network: .*{words}"):
        opened(TorchExportEngine, tmp_path, content)
    assert not mark.exists()


def test_code_that_a_program_can_do_without_is_left_out(contents, cells, truth, tmp_path):
    mark = tmp_path / "mark"

    def change(files):
        files["data/sample_inputs/model.pt"] = as_pickle(((torch.ones(2, 6),), {"x": Evil(mark)}))
        guard = f"[__import__('os').mkdir({str(mark)!r})] is not None"
        edit_json(GRAPH, lambda graph: graph.update(guards_code=[guard]))(files)

    engine = opened(TorchExportEngine, tmp_path, edited(contents["torch-export"], change))
    np.testing.assert_allclose(engine.run({"cells": cells}, ["score"])[0], truth, atol=1e-6)
    assert not mark.exists()


class WritesAFile(nn.Module):
    def forward(self, cells: torch.Tensor):
        torch.save(cells, "mark")
        return cells.sum(1)


class ReadsAFile(nn.Module):
    def forward(self, cells: torch.Tensor):
        return cells.sum(1) + torch.from_file("mark", False, 1)


class Prints(nn.Module):
    def forward(self, cells: torch.Tensor):
        print("judged")
        return cells.sum(1)


class RunsWhenLoaded(nn.Module):
    @torch.jit.export
    def __getstate__(self):
        return (torch.ones(1), True)

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]):
        self.training = state[1]

    def forward(self, cells: torch.Tensor):
        return cells.sum(1)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (WritesAFile, r"its code uses 'torch\.save'"),
        (ReadsAFile, r"its code uses 'torch\.from_file'"),
        (Prints, "its operator 'prim::Print'"),
        (RunsWhenLoaded, "its code uses '__getstate__'"),
    ],
)
def test_torchscript_that_does_more_than_compute_is_refused(tmp_path, network, words):
    with pytest.raises(NetworkError, match=rf"toy\.net: torch cannot open this network: {words}"):
        opened(TorchScriptEngine, tmp_path, scripted(network()))


def test_torchscript_whose_data_name_a_function_is_refused(contents, tmp_path):
    mark = tmp_path / "mark"
    content = edited(
        contents["torchscript"],
        lambda files: files.update({"data.pkl": pickle.dumps(Evil(mark), 2)}),
    )
    with pytest.raises(NetworkError, match=r"its data refer to '(posix|nt) mkdir', which is not"):
        opened(TorchScriptEngine, tmp_path, content)
    assert not mark.exists()


def test_files_that_only_pytorch_would_find_are_refused(contents, tmp_path):
    """PyTorch takes the names of an archive's files without regard to case."""
    change = {"CODE/__torch__.PY": b"def __setstate__(self): torch.save(self, 'mark')"}
    content = edited(contents["torchscript"], lambda files: files.update(change))
    with pytest.raises(NetworkError, match=r"it holds 'CODE/__torch__\.PY', which no TorchScript"):
        opened(TorchScriptEngine, tmp_path, content)


@pytest.mark.parametrize(
    ("format", "engine"),
    [("torch-export", TorchExportEngine), ("torchscript", TorchScriptEngine)],
)
def test_files_of_the_same_name_are_refused(contents, tmp_path, format, engine):
    file = io.BytesIO(contents[format])
    with silent(), zipfile.ZipFile(file, "a") as archive:
        archive.writestr(archive.namelist()[0], b"another one")
    with pytest.raises(NetworkError, match="it holds two files"):
        opened(engine, tmp_path, file.getvalue())


def test_operators_of_other_libraries_are_refused(contents, tmp_path):
    def change(files):
        name = next(n for n in files if b"torch.sigmoid(" in files[n])
        files[name] = files[name].replace(b"torch.sigmoid(", b"ops.mylib.sigmoid(")

    with pytest.raises(NetworkError, match=r"its code uses 'ops\.mylib\.sigmoid'"):
        opened(TorchScriptEngine, tmp_path, edited(contents["torchscript"], change))
