"""(a) What modulates the convolutions, and what joins them in the last layers: all combinations.

\b
    python examples/atlas/a_combinations.py --events 60000 --epochs 6

All are trained on the same electrons for as long, and tested on the same ones; the bootstrap of
their events is the same for all.
"""

from __future__ import annotations

from typing import Any

from energies.draw import improvements
from energies.errors import BASELINE, Judged
from energies.options import Options, command
from energies.resampling import Ranges, told
from energies.study import Study
from energies.talk import combination

from rootml.cli import run
from rootml.errors import RegistryError, nearest
from rootml.training import Recipe
from rootml_zoo.recipes.atlas import COMBINED


def main(options: Options) -> None:
    recipes = chosen(options)
    study = Study("a", "a_combinations", "All combinations of FiLM and top", options)
    train, test = (study.sample(name) for name in ("mc_train", "mc_test"))
    models = {words(recipe): study.train(recipe, train, words(recipe)) for recipe in recipes}
    judged = Judged.of(test, models)
    ranges = judged.ranges()
    record = judged.record(ranges)
    study.note(**record, **compared(ranges))
    rows = {name: row for name, row in record["estimates"].items() if name != BASELINE}
    study.draw(
        "combinations",
        "Improvement of the interquantile ranges on the baseline, here and in the talk",
        lambda style: improvements(style, pictured(rows), "Improvement on the baseline [%]"),
    )
    study.write()


def chosen(options: Options) -> list[Recipe]:
    """The recipes that were asked for, in the order of the talk's table."""
    known = {recipe.name: recipe for recipe in COMBINED}
    for name in options.networks:
        if name not in known:
            raise RegistryError(
                f"no combination is called {name!r}{nearest(name, known)} "
                f"(known: {', '.join(known)})"
            )
    return [known[name] for name in known if name in (options.networks or known)]


def words(recipe: Recipe) -> str:
    """What the talk's table calls a combination."""
    return recipe.title.partition(": ")[2]


def compared(ranges: dict[str, Ranges]) -> dict[str, Any]:
    """The best combination, and by how much each other is worse, on the same electrons."""
    names = [name for name in ranges if name != BASELINE]
    best = min(names, key=lambda name: float(ranges[name].eiqr75[0]))
    behind = {
        name: told((ranges[name].eiqr75 - ranges[best].eiqr75) / ranges[BASELINE].eiqr75)
        for name in names
        if name != best
    }
    return {"best": best, "behind": behind}


def pictured(rows: dict[str, Any]) -> dict[str, dict[str, tuple[float, float]]]:
    """What the plot shows of each combination."""
    return {
        name: {
            "reIQR75": (row["reiqr75"]["value"], row["reiqr75"]["error"]),
            "reIQR95": (row["reiqr95"]["value"], row["reiqr95"]["error"]),
            "reIQR75 of the talk": (combination(name)[0], 0.0),
        }
        for name, row in rows.items()
    }


if __name__ == "__main__":
    run(command(main), "a_combinations.py")
