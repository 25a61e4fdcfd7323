"""backup, restore: all that this machine's platform keeps."""

from __future__ import annotations

from pathlib import Path

import click

from cli.command import command
from cli.commands.platform import sentences
from cli.platform import backup as backups
from cli.platform.instance import Instance
from cli.session import Session


@command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@sentences
def backup(session: Session, *, file: Path) -> None:
    """Write all that the platform keeps to a new FILE: state, config vars, slugs, and the admin's token.

    Apps run on meanwhile. The file holds secrets; root alone may read it.
    """
    backups.backup(Instance.from_env(session.env.variables), file.absolute())
    session.console.out(str(file))


@command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@sentences
def restore(session: Session, *, file: Path) -> None:
    """Bring up an empty platform and put into it what `backup` wrote to FILE; its apps start.

    A platform that has apps is left as it is, and so is any for a FILE that is not whole.
    """
    backups.restore(Instance.from_env(session.env.variables), file.absolute())


COMMANDS: list[click.Command] = [backup, restore]
