"""What the page says of probabilities and sets."""

from __future__ import annotations

from counted.tables import Record, half, percent, table

NETWORK = "ntracks_supernemo"


def probabilities(record: Record) -> str:
    """(f): calibration, likelihood and sets by sample."""
    numbers = record["numbers"]
    found = numbers["samples"]
    first, *_ = found
    rows = [(f"{first}, before", *_certain(numbers["before"]))]
    rows += [(title, *_certain(row)) for title, row in found.items()]
    names = ("", "counted right, %", "ECE, %", "by chance, %", "-log likelihood", "Brier")
    parts = [
        f"A temperature of {numbers['temperature']:.3f} divides the network's logits, fitted to "
        "the validation events of its training; the first row is without it. The expected "
        "calibration error (ECE, [how it is defined](../reference/statistics.md)) is that of the "
        "most probable number, in ten bins with as many events each; by chance perfect "
        f"probabilities would have the one beside it. {numbers['events']:,} events of each kind.\n",
        table(names, rows),
    ]
    if numbers["level"]:
        parts.append(_sets(numbers))
    return "\n".join(parts)


def _certain(row: Record) -> tuple[str, ...]:
    def told(name: str, scale: float, digits: int) -> str:
        return f"{scale * row[name]['value']:.{digits}f} ± {scale * half(row[name]):.{digits}f}"

    chance = f"{100 * row['by_chance']:.2f}"
    scores = (told("nll", 1, 4), told("brier", 1, 4))
    return percent(row["accuracy"]), told("ece", 100, 2), chance, *scores


def _sets(numbers: Record) -> str:
    rows = [
        (
            title,
            percent(row["covered"]),
            *(percent(one) for one in row["covered_by_class"].values()),
            f"{row['size']['value']:.3f} ± {half(row['size']):.3f}",
            percent(row["alone"], 1),
        )
        for title, row in numbers["samples"].items()
    ]
    names = ("", "true number in the set, %", "0", "1", "2", "3", "mean size", "one number, %")
    return (
        f"Sets (`{NETWORK}_set`) hold every number that is possible, so that the true one is among "
        f"them in {100 * numbers['level']:g} % of events like those of the training, whatever the "
        f"true number is ([how](../how-to/probabilities.md)):\n\n{table(names, rows)}\n"
        "Both are right for a mixture like that of the training, not for each kind of event in "
        "it. Of events unlike it neither promises anything.\n"
    )
