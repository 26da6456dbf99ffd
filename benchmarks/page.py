"""A validation page of 100 plots: seconds for drawing them and for the page, and its size.

    taskset -c 0 python benchmarks/page.py

A network with 17 scores on 20,000 synthetic events; every plot of its report is drawn as PNG and
PDF, as ``rootml validate`` does it, and embedded. Seconds are of the processor.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
from scipy.special import expit

from rootml.adapter import Adapter, Truth, View
from rootml.card import ModelCard, Network, Output, Training
from rootml.spec import Batch, TensorSpec
from rootml.validation import Collector, Event, Study
from rootml.validation.page import write_page
from rootml.validation.plots import draw_study

EVENTS, SCORES, PLOTS = 20_000, 17, 100
SHAPE = (1, 18, 72)


def toy_study() -> Study:
    """A report with at least PLOTS plots, cut to as many, and 30 events with an image each."""
    rng = np.random.default_rng(1)
    outputs = tuple(Output(name=f"score_{i}", role="score") for i in range(SCORES))
    tensor = TensorSpec("image", SHAPE, unit="MeV", axes=("layer", "cell"))
    view = View("image", ("image",), (tensor,), lambda events: None)
    adapter = Adapter(
        "toy",
        "Toy",
        layouts=(),
        views={"image": view},
        default_model="net",
        truth=Truth("label", ("proton", "electron")),
        energy="energy",
    )
    card = ModelCard(
        name="net",
        version="1.0",
        adapter="toy",
        view="image",
        network=Network(file="net.onnx", sha256="0" * 64),
        outputs=outputs,
        training=Training(data="none"),
    )
    label = rng.integers(0, 2, EVENTS)
    energy = np.exp(rng.uniform(5, 8, EVENTS))
    image = (rng.exponential(1, (EVENTS, *SHAPE)) * (rng.random((EVENTS, *SHAPE)) < 0.1)).astype(
        "f4"
    )
    said = {
        output.name: expit(2 * (2 * label - 1) + rng.normal(0, 1 + i / 10, EVENTS)).astype("f4")
        for i, output in enumerate(outputs)
    }
    collector = Collector(card, adapter, branches={o.name: f"net_{o.name}" for o in outputs})
    collector.fill(ak.Array({"label": label, "energy": energy}), Batch({"image": image}), said)
    report = collector.report()
    events = tuple(
        Event(f"event {i}", {"truth": int(label[i])}, {"image": image[i]}, {"image": ("MeV",)})
        for i in range(30)
    )
    report = replace(report, plots=report.plots[:PLOTS])
    return replace(Study.of(report), events=events)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    study = toy_study()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.process_time()
        drawn = draw_study(study, folder, formats=("png", "pdf"))
        middle = time.process_time()
        page = write_page(
            study, {key: paths[0] for key, paths in drawn.items()}, folder / "index.html"
        )
        end = time.process_time()
        sizes = [path.stat().st_size for path in itertools.chain(*drawn.values())]
        rows = (
            (f"{len(drawn)} plots as PNG and PDF", middle - start, sum(sizes)),
            ("the page of them", end - middle, page.stat().st_size),
        )
    for what, seconds, size in rows:
        print(f"| {what} | {seconds:.1f} s | {size / 1e6:.1f} MB |")


if __name__ == "__main__":
    main()
