"""TorchScript (``.pt``), run by PyTorch.

PyTorch calls TorchScript deprecated and recommends torch.export; files of it still load.
"""

from __future__ import annotations

import io
import pickletools
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence

import torch

from rootml.runtime.engine import Port
from rootml.runtime.torch_archive import DENIED, rewritten
from rootml.runtime.torch_engine import TorchEngine, from_numpy, inference, to_numpy
from rootml.spec import Array

_GLOBALS = re.compile(
    r"__torch__(\.(?!torch\.classes)\w+)* \w+|torch \w+Storage|torch\.jit\._pickle \w+"
    r"|torch\._utils _rebuild_(tensor_v2|parameter)|collections OrderedDict"
)
_PLAIN = re.compile(r"(data|constants)/\d+|version|byteorder|\.data/version")
_LEFT_OUT = re.compile(r"code/.*\.debug_pkl|traced_inputs.*|extra/.*|\.data/serialization_id")
_HARM = "|".join(sorted(DENIED))
_CODE = re.compile(
    rf"\b(?:torch\.(?:classes\.\w+|(?:{_HARM})\b)|ops\.prim\.(?:{_HARM})\b"
    r"|ops\.(?!aten\b|prim\b)\w+\.\w+|__[gs]etstate__)"
)


class TorchScriptEngine(TorchEngine):
    """A TorchScript module. It is a program, and may compute what it likes, but no more.

    Refused: custom classes, operators of other libraries, methods that run when a module is
    loaded, and operators that read or write files. The file tells neither shapes nor types;
    inputs are called as the arguments of ``forward``, outputs by their keys where it returns a
    dict, else by the card, in order.
    """

    format = "torchscript"

    def _open(self, data: bytes) -> None:
        plain = rewritten(data, _checked, {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self._module = torch.jit.load(io.BytesIO(plain), "cpu")  # type: ignore[no-untyped-call]
            self._module.eval()
        _check_operators(self._module.inlined_graph)
        arguments = self._module.forward.schema.arguments[1:]
        results = self._module.forward.schema.returns[0].type
        if not all(argument.type.kind() == "TensorType" for argument in arguments):
            raise ValueError("its forward() takes other arguments than tensors")
        if results.kind() == "DictType":
            names = self.options.outputs
        elif results.kind() == "TupleType":
            names = self._names(len(results.elements()))
        else:
            names = self._names(1)
        self.inputs = {a.name: Port(a.name, "", None) for a in arguments}
        self.outputs = {name: Port(name, "", None) for name in names}

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        given = [from_numpy(tensors[name]) for name in self.inputs]
        with inference(self.threads):
            found = self._module(*given)
        if isinstance(found, torch.Tensor):
            found = (found,)
        values = found if isinstance(found, dict) else dict(zip(self.outputs, found, strict=True))
        if missing := next((name for name in outputs if name not in values), None):
            raise ValueError(f"no output is called {missing!r} (it gives {', '.join(values)})")
        return to_numpy([values[name] for name in outputs])


def _checked(name: str, content: bytes) -> bytes | None:
    """A file of the archive, if it is needed; ValueError where it would do more than compute."""
    if _LEFT_OUT.fullmatch(name):
        return None
    if name in ("data.pkl", "constants.pkl"):
        for found in _globals(content):
            if not _GLOBALS.fullmatch(found):
                raise ValueError(f"its data refer to {found!r}, which is not PyTorch's own")
    elif name.startswith("code/") and name.endswith(".py"):
        if match := _CODE.search(content.decode()):
            raise ValueError(f"its code uses {match[0]!r}, which does more than compute")
    elif not _PLAIN.fullmatch(name):
        raise ValueError(f"it holds {name!r}, which no TorchScript needs")
    return content


def _globals(pickled: bytes) -> Iterator[str]:
    """Modules and names that a pickle of protocol 2, PyTorch's, refers to."""
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL":
            yield str(argument)
        elif opcode.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"):
            yield opcode.name


def _check_operators(graph: torch.Graph) -> None:
    for node in _nodes(graph):
        space, _, name = node.kind().partition("::")
        if space not in ("aten", "prim") or name in DENIED:
            raise ValueError(f"its operator {node.kind()!r} is not one of PyTorch's computations")


def _nodes(block: torch.Graph | torch.Block) -> Iterator[torch.Node]:
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)
