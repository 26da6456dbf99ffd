"""What runs cvt_ams fastest on a CPU, and whether its physics stays the same.

    rootml simulate ams -n 200000 --seed 811 --set electron_fraction=0 -o protons.root
    rootml simulate ams -n 20000 --seed 812 --set electron_fraction=1 -o electrons.root
    python benchmarks/cvt_cpu.py select electrons.root protons.root -o judged
    python benchmarks/cvt_cpu.py judge onnxruntime openvino openvino-bf16 int8 -o judged
    python benchmarks/cvt_cpu.py table -o judged
    python benchmarks/cvt_cpu.py speed -o judged

A way may also be the card of another network, which ONNX Runtime runs in float32. So two that were
trained alike, but for the stride of keys and values, are compared:

    rootml simulate ams -n 75000 --seed 815 -o kv.root
    for stride in 2 4; do
      rootml train cvt_ams kv.root --set kv_stride=$stride --name stride$stride -o nets \
        --epochs 3 --split 90/6/4 --precision bf16 --seed 1
    done
    python benchmarks/cvt_cpu.py select electrons.root protons.root -o strides
    python benchmarks/cvt_cpu.py judge nets/stride2.card.yaml nets/stride4.card.yaml -o strides
    python benchmarks/cvt_cpu.py table --reference stride2 -o strides
    python benchmarks/cvt_cpu.py speed nets/stride2.card.yaml nets/stride4.card.yaml -o strides

All ways judge the same ELECTRONS electrons, and the protons to which mlp_ams or cnn_ams give more
than LOOSE. The others count as rejected; ``table`` says how many of a sample of them are not.
With ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 in the environment OpenVINO does without AMX.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import uproot
from scipy.special import logit

from rootml.registry import find_card, find_network, load
from rootml.validation.statistics.binomial import rejection
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.matched import paired_ratio

Array = np.ndarray[Any, Any]
Judge = Callable[[Array], Array]
"""Scores (n,) of images (n, 1, 18, 72) in MeV."""
Scores = Mapping[str, Array]
"""Of electrons, candidates among the protons, and a sample of other protons."""

MODEL = "cvt_ams"
ELECTRONS = 10_000
LOOSE = 0.01
SAMPLED = 0.02
EFFICIENCY = 0.9
BATCH = 16


def by_engine(engine: str, name: str = MODEL) -> Judge:
    model = load(name, engine=engine, threads=1)
    return lambda images: model({"image": images})["score"]


def in_int8() -> Judge:
    """ONNX Runtime, dense layers in 8 bits: weights once, what enters them anew each time."""
    import onnx
    import onnxruntime as ort
    from onnxruntime.quantization import QuantType, quantize_dynamic

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as name:
        plain, small = Path(name, "plain.onnx"), Path(name, "small.onnx")
        options.optimized_model_filepath = str(plain)  # weights in float32 again
        ort.InferenceSession(find_network(find_card(MODEL)), options)
        graph = onnx.load(plain)
        del graph.graph.value_info[:]
        weights = {w.name for w in graph.graph.initializer if np.prod(w.dims) >= 64**2}
        dense = [
            node.name
            for node in graph.graph.node
            if node.op_type == "MatMul" and node.input[1] in weights
        ]
        onnx.save(graph, plain)
        quantize_dynamic(
            plain, small, nodes_to_quantize=dense, per_channel=True, weight_type=QuantType.QInt8
        )
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        session = ort.InferenceSession(small.read_bytes(), options)
    return batched(lambda images: session.run(["score"], {"image": images})[0])


def all_in_bfloat16() -> Judge:
    """OpenVINO as it computes unless told otherwise: also the frame of the shower."""
    import openvino as ov

    hint = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": 1}
    network = ov.Core().compile_model(find_network(find_card(MODEL)), "CPU", hint)
    return batched(lambda images: np.array(network(images)["score"]))


def batched(judge: Judge) -> Judge:
    def judged(images: Array) -> Array:
        starts = range(0, len(images), BATCH)
        return np.concatenate([judge(images[i : i + BATCH]) for i in starts])

    return judged


WAYS: dict[str, Callable[[], Judge]] = {
    "onnxruntime": lambda: by_engine("onnxruntime"),
    "openvino": lambda: by_engine("openvino"),
    "openvino-bf16": lambda: by_engine("openvino-bf16"),
    "int8": in_int8,
    "bfloat16-throughout": all_in_bfloat16,
}
REFERENCE = "onnxruntime"
CARD = ".card.yaml"


def judge_of(way: str) -> Judge:
    return by_engine("onnxruntime", way) if way.endswith(CARD) else WAYS[way]()


def card_of(way: str) -> str:
    return way if way.endswith(CARD) else MODEL


def called(way: str) -> str:
    way = Path(way).name.removesuffix(CARD)
    isa = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return f"{way} {isa}" if isa and way.startswith(("openvino", "bfloat16")) else way


def images_of(path: Path) -> Iterator[Array]:
    """Images (n, 1, 18, 72) in MeV, 10,000 events at a time."""
    for chunk in uproot.iterate(f"{path}:t1", ["edep_cell"], step_size=10_000, library="np"):
        yield chunk["edep_cell"].reshape(-1, 1, 18, 72).astype(np.float32)


def select(electrons: Path, protons: Path, folder: Path) -> None:
    """Keep what the ways are to judge."""
    cheap = [load(name, threads=1) for name in ("mlp_ams", "cnn_ams")]
    rng = np.random.default_rng(1)
    total, candidates, others = 0, [], []
    for images in images_of(protons):
        best = np.max([model({"image": images})["score"] for model in cheap], axis=0)
        total += len(images)
        candidates.append(images[best > LOOSE])
        others.append(images[(best <= LOOSE) & (rng.random(len(images)) < SAMPLED)])
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / "events.npz",
        electrons=np.concatenate([*images_of(electrons)])[:ELECTRONS],
        candidates=np.concatenate(candidates),
        others=np.concatenate(others),
        protons=total,
    )
    print(f"{sum(map(len, candidates))} of {total} protons, and {sum(map(len, others))} others")


def judge(way: str, folder: Path) -> None:
    """Keep the scores of one way."""
    events = np.load(folder / "events.npz")
    run = judge_of(way)
    cut = find_card(card_of(way)).card.working_point("pass90").threshold
    electrons, candidates, others = (run(events[n]) for n in ("electrons", "candidates", "others"))
    np.savez(
        folder / f"{called(way)}.npz",
        electrons=electrons,
        candidates=candidates,
        others=others,
        cut=np.array(cut, np.float64),
    )


def table(folder: Path, by: str) -> None:
    """Print each way's rejection, and how its scores differ from the reference's."""
    total = int(np.load(folder / "events.npz")["protons"])
    found = {path.stem: np.load(path) for path in sorted(folder.glob("*.npz"))}
    reference = found[by]
    print(
        f"| way | protons that pass | rejection | over {by} | p | pass one alone "
        "| logits differ: median, 99 %, most | electrons, protons at the card's cut |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for way, scores in found.items():
        if way == "events":
            continue
        passed, expected = (passing(one) for one in (scores, reference))
        ratio = paired_ratio(passed, expected)
        one = rejection(passed.sum(), total).one()
        alone = (np.sum(passed & ~expected), np.sum(expected & ~passed))
        apart = np.abs(np.subtract(*(logit(every(one)) for one in (scores, reference))))
        median, most = np.quantile(apart, [0.5, 0.99])
        kept = [np.sum(scores[name] > scores["cut"]) for name in ("electrons", "candidates")]
        print(
            f"| {way} | {passed.sum()} | {one.value:,.0f} ({one.low:,.0f} to {one.high:,.0f}) "
            f"| {ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f}) | {ratio.p_value:.2f} "
            f"| {alone[0]} and {alone[1]} | {median:.1g}, {most:.1g}, {apart.max():.1g} "
            f"| {kept[0]}, {kept[1]} |"
        )
    others = logit(reference["others"].astype(np.float64)) - logit(threshold(reference))
    print(f"{np.sum(others > 0)} of {len(others)} others pass, the nearest at {others.max():.1f}")


def every(scores: Scores) -> Array:
    return np.concatenate([scores["electrons"], scores["candidates"]]).astype(np.float64)


def threshold(scores: Scores) -> float:
    separation = Separation.from_scores(scores["electrons"], scores["candidates"])
    return separation.at_efficiency(EFFICIENCY).threshold


def passing(scores: Scores) -> Array:
    """Whether each candidate passes the cut that keeps EFFICIENCY of the electrons."""
    passed: Array = scores["candidates"] > threshold(scores)
    return passed


def speed(folder: Path, names: list[str], seconds: float) -> None:
    """Print events a CPU second; the ways take turns."""
    events = np.load(folder / "events.npz")
    images = np.concatenate([events["electrons"][:64], events["candidates"][:64]])
    ways = {way: judge_of(way) for way in names}
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for run in ways.values():
        run(images)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for way, run in ways.items():
            start = time.process_time()
            run(images)
            rates[way].append(len(images) / (time.process_time() - start))
    print("| way | events a CPU second | lowest to highest | rounds |\n|---|---|---|---|")
    for way, found in rates.items():
        print(
            f"| {called(way)} | {statistics.median(found):.0f} "
            f"| {min(found):.0f} to {max(found):.0f} | {len(found)} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["select", "judge", "speed", "table"])
    parser.add_argument("names", nargs="*", help="files of electrons and protons, or ways")
    parser.add_argument("--reference", default=REFERENCE, help="the way others are compared with")
    parser.add_argument("-o", "--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    if given.what == "select":
        electrons, protons = map(Path, given.names)
        select(electrons, protons, given.folder)
    elif given.what == "judge":
        for way in given.names:
            judge(way, given.folder)
    elif given.what == "speed":
        speed(given.folder, given.names or list(WAYS), given.seconds)
    else:
        table(given.folder, given.reference)


if __name__ == "__main__":
    main()
