"""The command line: ``rootml COMMAND`` and ``rootml-tag``."""

from __future__ import annotations

import importlib
import signal
import sys
import warnings
from types import FrameType
from typing import Any, NoReturn

import click

from rootml.errors import RootmlError

COMMANDS = {
    "tag": "rootml.commands.tag:tag",
    "validate": "rootml.commands.validate:validate",
    "simulate": "rootml.commands.simulate:simulate",
    "train": "rootml.training.command:train",
    "combine": "rootml.commands.combine:combine",
    "tensors": "rootml.training.tensors:tensors",
    "inspect": "rootml.commands.inspect:inspect",
    "new-card": "rootml.commands.new_card:new_card",
    "diff": "rootml.commands.diff:diff",
    "models": "rootml.commands.models:models",
    "adapters": "rootml.commands.adapters:adapters",
}
HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
USER_ERROR = 2
INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all subcommands, in the order of a first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of that name, or None."""
        return _command(cmd_name) if cmd_name in COMMANDS else None


def _command(name: str) -> click.Command:
    module, attribute = COMMANDS[name].split(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="rootml")
def rootml() -> None:
    """Trained networks meet ROOT files.

    \b
    rootml tag in.root out.root              find out what the file is, apply its network
    rootml validate out.root                 how good is it: plots, numbers, a page
    rootml inspect in.root                   what is in the file, which networks apply
    rootml diff in.root out.root             what was added, changed, lost
    rootml simulate ams -n 10000 -o a.root   a file to try with
    rootml train cnn_ams a.root -o run       train a network again on your own files
    rootml combine a.root -m x -m y -o both  several networks as one
    rootml tensors a.root -o a.h5 ...        what a network would see, for your own code
    """


def main() -> NoReturn:
    """Entry point of ``rootml``."""
    run(rootml, "rootml")


def tag_main() -> NoReturn:
    """Entry point of ``rootml-tag``."""
    run(_command("tag"), "rootml-tag")


def run(command: click.Command, name: str, args: list[str] | None = None) -> NoReturn:
    """Run a command; each error that is the user's to mend is one message and exit code 2.

    So is what the operating system refuses: a name that is too long, a full disk behind a pipe.
    """
    signal.signal(signal.SIGTERM, _terminate)
    warnings.showwarning = _warn
    try:
        code = command.main(args, name, standalone_mode=False, **HELP)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(USER_ERROR)
    except (RootmlError, OSError) as error:
        click.echo(f"{name}: error: {error}", err=True)
        sys.exit(USER_ERROR)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{name}: interrupted; nothing was left half written", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _warn(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    click.echo(f"rootml: warning: {message}", err=True)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    """Leave through the ordinary clean-up, so that no temporary file stays behind."""
    sys.exit(128 + number)
