"""A draft as the text of a card: what was guessed, and what only the user knows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from rootml.declared.schema import InputColumn
from rootml.drafting.matching import Guess, identifier, names_in
from rootml.drafting.network import FoundNetwork
from rootml.drafting.outputs import OutputGuess
from rootml.drafting.sentinels import Oddity
from rootml.drafting.tensors import DTYPES, TensorGuess, describe
from rootml.yamltext import OPEN_END, open_ends

NOTE_AT = 44
"""Where the comments begin, if there is room."""


@dataclass(frozen=True)
class Draft:
    """All that is known and guessed of a network and the tree it is to judge."""

    name: str
    file: str
    source: str
    tree: str
    network: FoundNetwork
    tensors: tuple[TensorGuess, ...]
    per: Guess
    counter: str
    aliases: Mapping[str, str]
    oddities: tuple[Oddity, ...]
    labels: tuple[str, ...]

    @property
    def open_ends(self) -> list[int]:
        """Numbers of the lines that only the user can settle."""
        return open_ends(self.text)

    @property
    def text(self) -> str:
        """The card, as far as it goes."""
        lines = [
            f"# A draft, made from {self.network.path.name} and {self.source}.",
            f"# What only you can tell is marked {OPEN_END}: put it right, then delete the mark.",
            "card_version: 1",
            f"name: {scalar(self.name)}",
            'version: "0.1"',
            *self._adapter(),
            *self._network(),
            "outputs:",
            *(line for output in self.network.outputs for line in _output(output)),
            "training:",
            noted("  data: unknown", "what the network was trained on"),
        ]
        return "\n".join(lines) + "\n"

    def _adapter(self) -> Iterator[str]:
        yield "adapter:"
        yield f"  trees: [{scalar(self.tree)}]"
        if self.per.text:
            per = replace(self.per, text=identifier(self.per.text, "object"))
            yield noted(f"  per: {marked(per)}", per.note)
        if self.counter:
            yield f"  counter: {scalar(self.counter)}"
        if self.aliases:
            yield "  branches:"
            yield from (f"    {alias}: {scalar(path)}" for alias, path in self.aliases.items())
        yield "  tensors:"
        for tensor in self.tensors:
            yield from _tensor(tensor, self.network, self.oddities)
        yield from self._sentinels()
        for label in self.labels[:1]:
            others = f", or {', '.join(self.labels[1:])}" if self.labels[1:] else ""
            yield noted(
                f"  # truth: {{label: {label}, classes: [background, signal]}}",
                f"what an event is, for the plots{others}",
            )

    def _sentinels(self) -> Iterator[str]:
        """What of the odd values are in columns, not only in candidates."""
        used = {
            name for t in self.tensors for column in t.columns for name in names_in(column.text)
        }
        values = {oddity.value for oddity in self.oddities if oddity.branch in used}
        if values:
            listed = ", ".join(map(_number, sorted(values, key=repr)))
            yield noted(
                f"  sentinels: {OPEN_END} [{listed}]",
                "missing values? Delete it, if the training had them so",
            )
            yield noted("  missing: unjudged", "or what the network takes for one: a number, nan")

    def _network(self) -> Iterator[str]:
        yield "network:"
        yield f"  file: {scalar(self.file)}"
        if self.network.format != "onnx":
            yield f"  format: {self.network.format}"
        yield f"  sha256: {self.network.sha256}"


def scalar(value: Any) -> str:
    """A plain value in YAML, in one line."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=1 << 20, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("...\n").strip()


def marked(guess: Guess) -> str:
    """The value in YAML, marked where it is open."""
    text = scalar(guess.text) if guess.text else ""
    return f"{OPEN_END} {text}".strip() if guess.is_open else text


def noted(line: str, note: str) -> str:
    """The line with a comment behind it, if there is something to say."""
    return f"{line:<{NOTE_AT}}  # {note}" if note else line


def _tensor(
    tensor: TensorGuess, network: FoundNetwork, oddities: Sequence[Oddity]
) -> Iterator[str]:
    port = next(port for port in network.inputs if port.name == tensor.name)
    head = f"    {scalar(tensor.name)}:"
    if tensor.array is not None:
        yield noted(head, describe(port))
        yield noted(f"      array: {marked(tensor.array)}", tensor.array.note)
        yield f"      shape: {list(tensor.shape)}"
        return
    dtype = tensor.dtype if tensor.dtype in DTYPES[1:] else ""
    if tensor.length is None and not dtype:
        mark, note = _order(tensor)
        yield noted(f"{head}{mark}", "; ".join(filter(None, (describe(port), note))))
        yield from _columns(tensor, "      ", oddities)
        return
    yield noted(head, describe(port))
    if dtype:
        yield f"      dtype: {dtype}"
    if tensor.length is not None:
        free = tensor.shape[-1 if tensor.channels_first else 0] is None
        mark, note = (f"{OPEN_END} ", "the network takes any number") if free else ("", "")
        yield noted(f"      length: {mark}{tensor.length}", note)
        yield noted("      # order: -pt", "which come first, and stay; as they come unless said")
        if tensor.channels_first:
            yield "      channels_first: true"
        if tensor.mask:
            yield f"      mask: {scalar(tensor.mask)}"
    mark, note = _order(tensor)
    yield noted(f"      columns:{mark}", note)
    yield from _columns(tensor, "        ", oddities)


def _order(tensor: TensorGuess) -> tuple[str, str]:
    """The mark and comment of a list of columns."""
    if tensor.ordered:
        return "", ""
    width = tensor.shape[0 if tensor.channels_first else -1]
    wanted = "all" if width is None else f"{width} of them"
    if tensor.columns:
        return f" {OPEN_END}", "in the order of the file: that of the training?"
    return f" {OPEN_END}", f"{wanted}, in the order of the training"


def _columns(tensor: TensorGuess, indent: str, oddities: Sequence[Oddity]) -> Iterator[str]:
    for column in tensor.columns:
        note = "; ".join(filter(None, (column.note, _odd(names_in(column.text), oddities))))
        yield noted(f"{indent}- {_column(column)}", note)
    for name in tensor.candidates:
        yield noted(f"{indent}# - {name}", _odd({name}, oddities))
    if tensor.more:
        yield f"{indent}# and {tensor.more:,} more: rootml inspect -v"


def _column(guess: Guess) -> str:
    """The expression, with the network's name of it if that is another."""
    if guess.name in ("", InputColumn(value=guess.text or "?").label):
        return marked(guess)
    parts = scalar({"value": guess.text or None, "name": guess.name})
    return f"{OPEN_END} {parts}" if guess.is_open else parts


def _odd(names: set[str], oddities: Sequence[Oddity]) -> str:
    return ", ".join(str(oddity) for oddity in oddities if oddity.branch in names)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return f"{value}".replace("nan", ".nan").replace("inf", ".inf")
    return str(int(value)) if value == round(value) and abs(value) < 1e16 else repr(value)


def _output(output: OutputGuess) -> Iterable[str]:
    if output.problem:
        return [f"  # {scalar(output.tensor)}: {output.problem}"]
    name = output.name
    parts: dict[str, Any] = {"name": name}
    if output.tensor != name:
        parts["tensor"] = output.tensor
    if output.role != "value":
        parts["role"] = output.role
    if output.dtype != "float32":
        parts["dtype"] = output.dtype
    if output.shape:
        parts["shape"] = list(output.shape)
    mark = "# - " if output.is_spare else f"- {OPEN_END} " if output.is_open else "- "
    return [noted(f"  {mark}{scalar(parts)}", output.note)]
