"""The page of the studies, from their records; all that it says is computed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from energies.errors import BASELINE
from energies.talk import TALK, combination

Record = Mapping[str, Any]
SIGNIFICANT = 3.0
"""Errors beyond which a difference is called significant."""

HEAD = """# Repeating a talk on the energy of electrons in ATLAS

What a talk did on simulation and data of ATLAS, done again on rootml's own simulation.
The talk: {source}.

**Two different samples.** The talk's electrons come from the detailed simulation of the
experiment and from its data, and are millions; ours come from a fast model of the barrel ([what it
is worth](atlas_simulation.md)), and there are fewer. Its baseline is the experiment's own
calibration by boosted trees; here boosted trees stand for it. 'Data' are simulated too, with
another detector. Numbers are not comparable one by one; what is compared is their order.

eIQR75 is the distance of the quartiles of estimate / truth over that of a unit Gaussian, eIQR95 the
same of the 5 % and 95 % quantiles ([definitions](../reference/statistics.md)); reIQR is the
relative improvement on the baseline. Errors are one standard deviation, from a bootstrap of the
events that is the same for all networks. They are those of the test sample: another start of a
training gives another network, which may differ by more. Networks of (a) and of (d) are trained
alike, and are smaller and have seen less than `film_atlas` of (b) and (c): compare them with each
other.

`python examples/atlas/report.py` writes this page from the records in `atlas/results`. Each study
is one command and takes your own files as well (`--files`):
[all of them](../../examples/atlas/README.md).
"""


def page(records: Iterable[Record]) -> str:
    """The page in Markdown; ``records``: those of the studies, in any order."""
    made = sorted(records, key=lambda record: str(record["study"]))
    return "\n".join(
        [HEAD.format(source=TALK["source"].strip()), *(section(record) for record in made)]
    )


def section(record: Record) -> str:
    """One study: what the talk says, tables, sentences, plots, trainings."""
    letter = record["study"]
    told = TALK["statements"].get(letter)
    parts = [
        f"## ({letter}) {record['title']}\n",
        *([f"> {told.strip()}\n"] if told else []),
        f"```sh\n{record['command']}\n```\n",
        SECTIONS[letter](record["numbers"]),
        *(f"![{title}](atlas/{record['name']}_{name}.png)\n" for name, title in _figures(record)),
        networks(record),
    ]
    return "\n".join(parts)


def _figures(record: Record) -> Iterable[tuple[str, str]]:
    figures: Mapping[str, str] = record["figures"]
    return figures.items()


def combinations(numbers: Record) -> str:
    """(a): the talk's table and ours."""
    names = ("", "reIQR75 [%]", "in the talk", "reIQR95 [%]", "in the talk", "behind the best [%]")
    ours = {name: row for name, row in numbers["estimates"].items() if name != BASELINE}
    rows = []
    for name, row in ours.items():
        behind = numbers["behind"].get(name)
        there = (f"{100 * one:.1f}" for one in combination(name))
        cells = [percent(row["reiqr75"]), next(there), percent(row["reiqr95"]), next(there)]
        rows.append((name, *cells, percent(behind) if behind else "best"))
    lead = f"{_counted(numbers)}; {_baseline(numbers)}.\n"
    said = [_orders(ours), _beside(numbers)] if len(ours) > 1 else []
    return "\n".join([lead, table(names, rows), *said])


def _orders(ours: Record) -> str:
    """How the order here agrees with that of the talk."""
    here = [row["reiqr75"]["value"] for row in ours.values()]
    there = [combination(name)[0] for name in ours]
    pairs = [(i, j) for i in range(len(here)) for j in range(i)]
    same = sum((here[i] > here[j]) == (there[i] > there[j]) for i, j in pairs)
    return f"Of {len(pairs)} pairs of combinations {same} have the order of the talk in reIQR75.\n"


def _beside(numbers: Record) -> str:
    """Which combinations are as good as the best."""
    equal = [n for n, one in numbers["behind"].items() if sigmas(one) < SIGNIFICANT]
    if not equal:
        return f"`{numbers['best']}` is the best, significantly.\n"
    names = ", ".join(f"`{name}`" for name in equal)
    return f"`{numbers['best']}` is the best; not significantly worse: {names}.\n"


def held_out(numbers: Record) -> str:
    """(b): ranges of both, and in bins."""
    parts = []
    for one in numbers.values():
        names = ("", "median [%]", "eIQR75 [%]", "eIQR95 [%]", "reIQR75 [%]", "reIQR95 [%]")
        keys = ("median", "eiqr75", "eiqr95", "reiqr75", "reiqr95")
        rows = [
            (
                name,
                *("" if name == BASELINE and key[0] == "r" else percent(row[key]) for key in keys),
            )
            for name, row in one["estimates"].items()
        ]
        lead = f"**{upper(one['title'])}**: {_counted(one)}."
        parts += [lead + "\n", table(names, rows), *map(_bins, ("eta", "et"), one["bins"].values())]
    return "\n".join(parts)


def _bins(variable: str, bins: Sequence[Record]) -> str:
    label = {"eta": "abs(eta)", "et": "true ET [GeV]"}[variable]
    rows = []
    for one in bins:
        before = one["estimates"][BASELINE]
        (after,) = (row for name, row in one["estimates"].items() if name != BASELINE)
        ratio = f"{after['ratio']['value']:.3f} ± {after['ratio']['error']:.3f}"
        cells = (percent(before["eiqr75"]), percent(after["eiqr75"]), ratio)
        rows.append((f"{one['low']:g} to {one['high']:g}", f"{one['electrons']:,}", *cells))
    names = (label, "electrons", "eIQR75, baseline [%]", "eIQR75, network [%]", "ratio")
    return f"<details><summary>In bins of {label}</summary>\n\n{table(names, rows)}\n</details>\n"


def peak(numbers: Record) -> str:
    """(c): widths of the Crystal Ball before and after."""
    return "\n".join(_widths(one) for one in numbers.values())


def _widths(one: Record) -> str:
    rows = []
    for name, row in one["fits"].items():
        mean, width, alpha = (
            f"{p['value']:.3f} ± {p['error']:.3f}" for p in row["parameters"].values()
        )
        gain = "" if name == BASELINE else percent(row["improvement"])
        rows.append(
            (name, mean, width, gain, alpha, f"{row['chi2']:.0f}/{row['ndof']}", row["message"])
        )
    names = ("", "mean [GeV]", "σ_CB [GeV]", "improvement [%]", "α", "χ²/ndf", "")
    lead = (
        f"**{upper(one['title'])}**: {one['events']:,} events, fitted from {one['low']:g} to "
        f"{one['high']:g} GeV.\n"
    )
    return f"{lead}\n{table(names, rows)}"


def trained_on(numbers: Record) -> str:
    """(d): improvements by what was trained on, and the talk's claim."""
    parts = []
    for one in numbers.values():
        parts += [_widths(one), *([_claim(one)] if "excess" in one else [])]
        if truth := one.get("truth"):
            parts.append(_against_truth(truth))
    return "\n".join(parts)


def _claim(one: Record) -> str:
    excess = one["excess"]
    size = sigmas(excess)
    if size < SIGNIFICANT:
        verdict = "no significant difference from the sum"
    else:
        verdict = "greater than the sum" if excess["value"] > 0 else "**less than the sum**"
    return (
        f"Trained on both, minus the sum of the two: {percent(excess)} % ({size:.1f} standard "
        f"deviations): {verdict}. Minus the better of the two: {percent(one['beyond'])} % "
        f"({sigmas(one['beyond']):.1f} standard deviations).\n"
    )


def _against_truth(truth: Record) -> str:
    rows = [
        (name, percent(row["eiqr75"]), percent(row["reiqr75"]) if name != BASELINE else "")
        for name, row in truth["estimates"].items()
    ]
    names = ("", "eIQR75 [%]", "reIQR75 [%]")
    return f"Against the truth of the same sample:\n\n{table(names, rows)}"


def speed(numbers: Record) -> str:
    """(e): electrons a second."""
    names = ("", "electrons a second", "ratio", "with tensors", "largest difference")
    rows = [
        (
            name,
            _spread(row["rate"], ",.0f"),
            _spread(row["ratio"], ".2f"),
            f"{row['whole']:,.0f}",
            f"{row['difference']:.0e}",
        )
        for name, row in numbers["engines"].items()
    ]
    lead = (
        f"{numbers['electrons']:,} electrons in memory on a machine of {numbers['cores']} cores; "
        f"median of {numbers['rounds']} rounds, and their range. Tensors are made of columns at "
        f"{numbers['building']:,.0f} electrons a second, by one thread.\n"
    )
    return f"{lead}\n{table(names, rows)}"


def _spread(number: Record, digits: str) -> str:
    value, low, high = (format(number[key], digits) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


SECTIONS = {"a": combinations, "b": held_out, "c": peak, "d": trained_on, "e": speed}
"""What a study found, by its letter."""


def networks(record: Record) -> str:
    """What was trained, on how many electrons, for how long."""
    names = ("", "network", "parameters", "training electrons", "epochs (best)", "minutes")
    rows = []
    for name, one in record["networks"].items():
        settings, events = one["settings"], one["events"].get("train", 0)
        epochs = f"{settings.get('epochs', '')} ({settings.get('best_epoch', '')})"
        minutes = f"{settings['minutes']:g}" if "minutes" in settings else ""
        size = f"{one['parameters']:,}" if one["parameters"] else ""
        rows.append((one["title"], f"`{name}`", size, f"{events:,}", epochs, minutes))
    return f"<details><summary>Networks</summary>\n\n{table(names, rows)}\n</details>\n"


def _counted(numbers: Record) -> str:
    return f"{numbers['electrons']:,} electrons, {numbers['left_out']:,} left out"


def _baseline(numbers: Record) -> str:
    row = numbers["estimates"][BASELINE]
    return f"the baseline has eIQR75 {percent(row['eiqr75'])} %, eIQR95 {percent(row['eiqr95'])} %"


def percent(number: Record) -> str:
    """A share and its error in per cent, to two digits of the error."""
    value, error = 100 * number["value"], 100 * number["error"]
    digits = min(max(1 - math.floor(math.log10(error)), 0), 4) if error > 0 else 2
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def sigmas(number: Record) -> float:
    """How many errors a number is from 0."""
    return abs(number["value"]) / number["error"] if number["error"] else math.inf


def upper(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
