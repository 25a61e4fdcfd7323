"""help, version."""

from __future__ import annotations

import platform

import click

from cli import __version__
from cli.command import command, json_option
from cli.group import nomapaas
from cli.session import Session


@command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]")
def help_(session: Session, words: tuple[str, ...]) -> None:
    """Show help for a command, or the list of all."""
    root = click.get_current_context().find_root()
    if not words:
        session.console.out(root.get_help())
        return
    _, found, _ = nomapaas.resolve_command(root, list(words[:2]) if ":" not in words[0] else [words[0]])
    if found is not None:
        session.console.out(found.get_help(click.Context(found, info_name=found.name, parent=root)))


@command("version")
@json_option
def version(session: Session, *, as_json: bool) -> None:
    """Print the version of the CLI and of its Python."""
    python = platform.python_version()
    if as_json:
        session.console.json({"version": __version__, "python": python})
    else:
        session.console.out(f"nomapaas {__version__} (Python {python})")


COMMANDS = [help_, version]
