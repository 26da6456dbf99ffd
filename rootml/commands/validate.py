"""``rootml validate``: what networks said of files, as plots, numbers and a page."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootml.commands.console import loading, progress
from rootml.commands.styling import style_options, style_texts
from rootml.errors import InputError

if TYPE_CHECKING:
    from rootml.tagged.samples import SampleFiles
    from rootml.validation import Study

FAILED = 1
ARGUMENTS = "rootml.arguments"
FORMATS = ("png", "pdf", "svg")


def _split(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _formats(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    formats = _split(context, parameter, value)
    for one in formats:
        if one not in FORMATS:
            raise click.BadParameter(f"{one!r}: expected some of {', '.join(FORMATS)}")
    return formats


def _fits(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r}: expected NAME=PEAK, as in m_ee=gaussian")
    parts = (value.partition("=") for value in values)
    return {name.strip(): peak for name, _, peak in parts}


class Recorded(click.Command):
    """A command that remembers what it was given, for the provenance."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as any command does."""
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=Recorded, short_help="Plots, numbers and a page of what networks said of files.")
@click.argument("files", nargs=-1, required=True, metavar="[TITLE=]FILES...")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Network whose outputs are in the files: NAME[@VERSION] or a card; repeatable, to "
    "compare. Default: those that the files say they were tagged by.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default="validation",
    show_default=True,
    metavar="DIR",
    help="Folder that is written; it appears whole or not at all.",
)
@click.option("--data", multiple=True, metavar="FILES", help="Data, to compare simulation with.")
@click.option(
    "--train", multiple=True, metavar="FILES", help="The training's files: is there overtraining?"
)
@click.option(
    "--vary",
    multiple=True,
    metavar="[OF:]NAME=FILES",
    help="A systematic variation (up, or down) of the sample OF; repeatable.",
)
@click.option(
    "--vary-weight",
    multiple=True,
    metavar="[OF:]NAME=EXPR",
    help="A variation that has the sample's own files, and another weight.",
)
@click.option(
    "--vary-branches",
    multiple=True,
    metavar="[OF:]NAME=SUFFIX",
    help="A variation that `rootml-tag --vary` wrote beside the sample's outputs, as "
    "up=cell_scale_1p02.",
)
@click.option("--scale", multiple=True, metavar="TITLE=X", help="A factor on a sample's weights.")
@click.option(
    "--normalise",
    type=click.Choice(["data", "none"]),
    default="data",
    show_default=True,
    help="Scale all simulation together to the data, or leave it.",
)
@click.option("--weight", metavar="EXPR", default="", help="Weight of each unit; data have none.")
@click.option("--select", metavar="EXPR", default="", help="Only units for which it is true.")
@click.option(
    "--against",
    multiple=True,
    metavar="[TITLE [UNIT]=]EXPR[:EDGES]",
    help="Draw figures against this, too; EDGES: 0,10,30,100 or LOW:HIGH:N. Repeatable.",
)
@click.option(
    "--fit",
    "fits",
    multiple=True,
    metavar="NAME=PEAK",
    callback=_fits,
    help="Fit a peak to a variable of --against that has EDGES: 'm_ee=gaussian+exponential'; "
    "'...=breit_wigner_gauss(gamma=2.5)' keeps a parameter. Repeatable.",
)
@click.option("--truth", metavar="EXPR", default="", help="Class of each unit: 0, 1, ...")
@click.option(
    "--classes", callback=_split, default="", metavar="A,B", help="What these are called."
)
@click.option("--tree", help="Tree to read, if several are tagged.")
@click.option(
    "--friend",
    "friends",
    multiple=True,
    metavar="[ALIAS=]FILE[:TREE]",
    help="File whose branches belong to the same entries; repeatable.",
)
@click.option("--prefix", default="", help="That of the branches, as for `rootml tag`.")
@click.option("--no-inputs", is_flag=True, help="Do not read the networks' inputs.")
@click.option(
    "--events",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    metavar="N",
    help="Single events of each kind, to look at on the page.",
)
@click.option(
    "--importance",
    type=click.IntRange(0),
    is_flag=False,
    flag_value=2000,
    default=0,
    metavar="[N]",
    help="Run the networks again on N events (2000), each input permuted in turn.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="REPORT",
    help="An earlier validation, or its report.json: `ref` in conditions.",
)
@click.option(
    "--fail-if",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help="Exit code 1 if it is true, as 'rejection@0.9 < 0.95*ref'; repeatable.",
)
@click.option("--title", default="", help="Of the page.")
@style_options
@click.option(
    "--formats", callback=_formats, default="png,pdf", show_default=True, help="Of the plots."
)
@click.option(
    "--histograms",
    type=click.Choice(["json", "zip"]),
    default="json",
    show_default=True,
    help="How they are stored for Python (UHI).",
)
@click.option("--no-page", is_flag=True, help="Write no index.html.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier validation in DIR.")
@click.option("--json", "as_json", is_flag=True, help="Print report.json.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
@click.pass_context
def validate(
    context: click.Context,
    /,
    files: tuple[str, ...],
    folder: Path,
    formats: tuple[str, ...],
    histograms: str,
    reference: Path | None,
    conditions: tuple[str, ...],
    no_page: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Say how well networks do on tagged files: DIR/index.html and plots, histograms, report.json.

    FILES is a file, a quoted glob or a comma-separated list; each argument is one sample, and those
    of one TITLE are joined. The outputs are read from the branches; no network is run. Without
    truth in the files there are distributions, inputs and comparisons.

    \b
    rootml validate tagged.root
    rootml validate test='run1*.root' --train 'run0*.root'           overtraining?
    rootml validate tagged.root --model cnn_ams --model cvt_ams      old against new
    rootml validate Z=z.root W='w*.root' --data data.root --weight w --vary Z:jes_up=zup.root
    rootml validate a.root --against 'p_T [GeV]=sqrt(px**2+py**2):0:100:20' --select 'ntrk > 1'

    EXPR is written as for TTree::Draw, over branches, logical columns of the experiment and
    "entry". Exit code 1: a condition of --fail-if fails; 2: it cannot be done.
    """
    with loading():
        from rootml.rootio.opening import inflate_fast
        from rootml.tagged.folder import whole_folder
        from rootml.validation import Style, write_study

    inflate_fast()
    style = Style(*style_texts(options))
    gates = _gates(conditions, reference)
    samples = _samples(files, options)
    with (
        whole_folder(folder, overwrite=overwrite) as temporary,
        progress("validate", then="drawing", unit="entries", quiet=quiet or as_json) as report,
    ):
        study = gates(_validate(samples, options, report))
        command = shlex.join(("rootml", "validate", *context.meta[ARGUMENTS]))
        study = replace(study, provenance={"command": command, **study.provenance})
        with loading():
            import rootml.validation.plots  # noqa: F401
        write_study(
            study,
            temporary,
            formats=formats,
            style=style,
            page=not no_page,
            histograms=histograms,
        )
    _complain(study)
    if as_json:
        click.echo(study.to_json(), nl=False)
    elif not quiet:
        from rootml.commands.account import print_study

        print_study(study, folder, page=not no_page)
    context.exit(FAILED if any(gate.failed for gate in study.gates) else 0)


def _complain(study: Study) -> None:
    """Say on standard error what went less than well, and which conditions fail."""
    for note in study.notes:
        if note.level == "warning":
            about = f"{note.about}: " if note.about else ""
            click.echo(f"rootml: warning: {about}{note.text}", err=True)
    for gate in study.gates:
        if gate.failed:
            click.echo(f"rootml: failed: {gate.expression}: {gate.message}", err=True)


def _gates(conditions: tuple[str, ...], reference: Path | None) -> Callable[[Study], Study]:
    """What adds the decided conditions to a study; those that cannot be read are errors now."""
    from rootml.validation import read_study
    from rootml.validation.gates.conditions import check_gates, read_condition

    needed = [text for text in conditions if read_condition(text).needs_reference]
    if needed and reference is None:
        raise InputError(f"--fail-if {needed[0]!r}: compares with --reference, which is not given")
    earlier = None if reference is None else read_study(reference)
    return lambda study: replace(study, gates=check_gates(study, conditions, earlier))


def _samples(files: tuple[str, ...], options: dict[str, Any]) -> list[SampleFiles]:
    """The samples of all options, which they are taken from."""
    from rootml.tagged import samples

    given = [samples.parse_sample(text) for text in files]
    given += [samples.parse_sample(text, "data", "Data") for text in options.pop("data")]
    given += [samples.parse_sample(text, "train", "training") for text in options.pop("train")]
    given += [samples.parse_variation(text) for text in options.pop("vary")]
    given += [samples.parse_weight_variation(text) for text in options.pop("vary_weight")]
    given += [samples.parse_branch_variation(text) for text in options.pop("vary_branches")]
    return samples.scaled(given, options.pop("scale"))


def _validate(samples: list[SampleFiles], options: dict[str, Any], report: Any) -> Study:
    from rootml.tagged import validate_files

    inputs = not options.pop("no_inputs")
    return validate_files(samples, inputs=inputs, progress=report, **options)
