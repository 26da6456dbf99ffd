"""``rootml tag``: the batch command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootml.commands.console import loading, parse_range
from rootml.commands.styling import style_options, style_texts
from rootml.errors import InputError
from rootml.variations import parse

if TYPE_CHECKING:
    from rootml.validation import Style


def _entry_range(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[float | None, float | None]:
    return (None, None) if value is None else parse_range(value, int)


def _vary(
    context: click.Context, parameter: click.Parameter, value: Sequence[str]
) -> dict[str, tuple[float, ...]]:
    return parse(value)


@click.command(short_help="Add the outputs of networks to ROOT files.", no_args_is_help=True)
@click.argument("files", nargs=-1, required=True, metavar="IN... [OUT]")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Network to apply: NAME[@VERSION], a card, pack or address; repeatable. Default: the "
    "experiment's own.",
)
@click.option(
    "-o",
    "--output-dir",
    help="Folder for the outputs; then every argument is an input.",
)
@click.option("--tree", help="Tree to tag, if the file has several that could be meant.")
@click.option(
    "--friend",
    "friends",
    multiple=True,
    metavar="[ALIAS=]FILE[:TREE]",
    help="File whose branches belong to the same entries; repeatable. Friends that the tree "
    "itself names are found without.",
)
@click.option("--adapter", help="Experiment, if the branches leave it open.")
@click.option(
    "--output",
    type=click.Choice(["append", "friend"]),
    default="append",
    show_default=True,
    help="Copy the file and append, or write a friend tree alone.",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="Append to the inputs themselves; every argument is an input. Killed at any moment, "
    "a file reads as before or as after.",
)
@click.option("--prefix", default="", help="Put before the names of the new branches.")
@click.option("--outputs", help="Outputs of the network to write, comma-separated. Default: all.")
@click.option(
    "--pass",
    "--working-points",
    "working_points",
    default="",
    metavar="POINTS",
    help="Cuts of the cards to write as branches of bools, comma-separated: pass90 (or 90), "
    "flat90, ...; all.",
)
@click.option(
    "--vary",
    multiple=True,
    callback=_vary,
    metavar="NAME=V1,V2",
    help="Systematic variation and its values: each branch again for each, as "
    "BRANCH_cell_scale_0p99; repeatable. `rootml adapters show` lists them.",
)
@click.option(
    "--vary-seed", type=int, default=0, show_default=True, help="Seed of random variations."
)
@click.option(
    "--ood",
    is_flag=True,
    help="Add the distance to the training domain: MODEL_ood, d for one training event in 10^d.",
)
@click.option("--batch-size", type=click.IntRange(1), help="Rows the network sees at once.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the network.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option(
    "--engine",
    metavar="NAME",
    help="What runs the networks, or a server's address, triton://host:port/model. Default: as"
    " their cards say.",
)
@click.option(
    "--compression",
    metavar="ALG-LEVEL",
    help="Of the new branches: ZSTD-5, LZ4-1, ZLIB-6, LZMA-7, none. Default: the file's.",
)
@click.option(
    "--entry-range",
    callback=_entry_range,
    metavar="A:B",
    help="Judge only entries A to B (exclusive); the others get NaN.",
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace the output, and branches of that name; "
    "earlier cuts on these are dropped unless asked for again.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Compare every object and branch with the input before the output counts.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the validation plots. Default: OUT_validation.",
)
@click.option("--no-plots", is_flag=True, help="Draw no validation plots.")
@style_options
@click.option(
    "--executor",
    type=click.Choice(["serial", "processes", "dask"]),
    help="What tags several files. Default: dask with --scheduler, processes with --workers, "
    "else one file after the other.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Processes or dask workers on this machine. Default: as many as cores.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Of a dask cluster: tcp://HOST:PORT, or its JSON file.",
)
@click.option(
    "--entries-per-job",
    type=click.IntRange(0),
    metavar="N",
    help="Entries of a file that a worker judges at a time; 0: whole files. Default: whole files "
    "where there are enough of them for the workers.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Keep outputs that were made from the same inputs by the same networks and options.",
)
@click.option("--fail-fast", is_flag=True, help="Stop all files when one fails.")
@click.option("--dry-run", is_flag=True, help="Say what would be read, run and written; stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the account as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def tag(
    files: tuple[str, ...],
    output_dir: str | None,
    plots: Path | None,
    no_plots: bool,
    outputs: str | None,
    working_points: str,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write OUT: everything in IN, and the outputs of a network as new branches.

    With no option it finds out which experiment's file IN is, applies that experiment's
    default network and draws the validation plots into OUT_validation/. IN is never changed,
    but with --in-place; OUT appears whole or not at all. Several inputs need a folder as OUT (or
    -o): files, globs, folders of *.root, @list.txt. One that fails does not stop the others.

    \b
    rootml-tag in.root out.root
    rootml-tag in.root out.root --model cnn_ams --model cvt_ams --no-plots
    rootml-tag in.root out.root --pass 90,flat95
    rootml-tag 'run*.root' tagged/ --workers 8
    rootml-tag @runs.txt -o tagged --scheduler tcp://host:8786 --resume
    rootml-tag in.root friend.root --output friend
    rootml-tag in.root --in-place
    """
    with loading():
        from rootml.commands.tag_runs import Say, run
        from rootml.rootio.opening import inflate_fast

    inflate_fast()
    style = style_texts(options)
    options |= {
        "plots": False if no_plots else plots or True,
        "style": None if no_plots else _style(style),
        "outputs": None if outputs is None else [o.strip() for o in outputs.split(",")],
        "working_points": _points(working_points),
    }
    given, out = _in_and_out(files, output_dir, in_place=options["in_place"])
    say = Say(as_json=as_json, verbose=verbose, quiet=quiet)
    run(given, out, options, say, is_folder=output_dir is not None)


def _points(text: str) -> str | list[str]:
    """The names of working points; a number is an efficiency in percent."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return "all" if names == ["all"] else [f"pass{n}" if n.isdigit() else n for n in names]


def _style(texts: Sequence[str]) -> Style:
    from rootml.validation import Style  # late: nothing of it is needed without plots

    return Style(*texts)


def _in_and_out(
    files: tuple[str, ...], output_dir: str | None, *, in_place: bool
) -> tuple[tuple[str, ...], str | None]:
    """What stands for the inputs, and where they go: None for in place."""
    if in_place:
        if output_dir is not None:
            raise InputError("--in-place changes the inputs; it takes no folder (-o)")
        return files, None
    if output_dir is not None:
        return files, output_dir
    if len(files) < 2:
        raise InputError(f"{files[0]}: where to? Give an output file, or a folder with -o")
    return files[:-1], files[-1]
