"""The root of all commands: finds one by `topic:verb`, by `topic verb` or by an alias."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cli import __version__
from cli.command import HELP_NAMES, no_color_option
from cli.errors import CLIError
from cli.exit_status import ExitStatus
from cli.registry import ALIASES, ENTRIES, load
from cli.session import Session

INTRODUCTION = "nomapaas turns a folder of source into a running app: nomapaas create, then nomapaas push."


class UnknownCommandError(CLIError):
    """Raised when no command has this name."""

    exit_status = ExitStatus.UNKNOWN_COMMAND


class Nomapaas(click.Group):
    """All commands, by `topic:verb`, `topic verb`, or an alias; imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        name = ALIASES.get(cmd_name, cmd_name)
        return load(name) if name in ENTRIES else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, rest = split_command(args)
        command = self.get_command(ctx, name)
        if command is None:
            raise UnknownCommandError(_unknown(name))
        return command.name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        width = max(len(name) for name in ENTRIES)
        for topic in dict.fromkeys(entry.topic for entry in ENTRIES.values()):
            rows = [(e.name.ljust(width), e.summary) for e in ENTRIES.values() if e.topic == topic]
            with formatter.section(topic):
                formatter.write_dl(rows)


def split_command(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command's name and the rest of the words; `config set A=1` is `config:set A=1`."""
    first, rest = words[0], list(words[1:])
    if rest:
        joined = f"{first}:{rest[0]}"
        if joined in ENTRIES or joined in ALIASES:
            return joined, rest[1:]
    return first, rest


def _unknown(name: str) -> str:
    import difflib  # noqa: PLC0415 - only a mistyped command needs it

    close = difflib.get_close_matches(name, [*ENTRIES, *ALIASES], n=1)
    meant = f' Did you mean "nomapaas {close[0]}"?' if close else ' "nomapaas help" lists the commands.'
    return f"{name} is not a nomapaas command.{meant}"


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - Click's form
    if value:
        ctx.ensure_object(Session).console.out(f"nomapaas {__version__}")
        ctx.exit()


@click.group(cls=Nomapaas, invoke_without_command=True, context_settings=HELP_NAMES, help=INTRODUCTION)
@click.option("-a", "--app", metavar="NAME", help="The app, for the command that follows.")
@click.option(
    "-v", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@click.pass_context
def nomapaas(ctx: click.Context, app: str | None) -> None:
    """Run one command, or show them all."""
    session = ctx.ensure_object(Session)
    session.global_app = app
    if ctx.invoked_subcommand is None:
        session.console.out(ctx.get_help())


nomapaas.params.append(no_color_option())
