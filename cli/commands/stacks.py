"""stacks, stacks:upgrade, stacks:rollback: this machine's stacks."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cli.command import command, json_option
from cli.commands.platform import sentences
from cli.platform import stack_upgrade
from cli.platform.environment import variables
from cli.platform.instance import Instance
from cli.platform.instance_stacks import InstanceStacks
from cli.session import Session


@command("stacks")
@json_option
@sentences
def stacks(session: Session, *, as_json: bool) -> None:
    """List this platform's stacks with their versions on this machine, oldest first."""
    instance = Instance.from_env(session.env.variables)
    variables(instance)  # raises where there is no platform, or this is not its owner
    found = [row for name in instance.stacks for row in _rows(InstanceStacks(instance), name)]
    if as_json:
        session.console.json(found)
        return
    titles = ("Stack", "Version", "Built", "State")
    session.console.table(titles, [(r["stack"], r["version"], r["built_at"], r["state"]) for r in found])


def _rows(known: InstanceStacks, name: str) -> list[dict[str, str]]:
    chosen = known.chosen(name)
    states = {chosen.before or "": "before", chosen.version: "held" if chosen.held else "current"} if chosen else {}
    return [
        {
            "stack": name,
            "version": each.version,
            "built_at": datetime.fromtimestamp(each.etc.stat().st_mtime, UTC).isoformat(timespec="seconds"),
            "state": states.get(each.version, ""),
        }
        for each in known.versions(name)
    ]


@command("stacks:upgrade")
@click.argument("stack", required=False)
@sentences
def upgrade(session: Session, stack: str | None) -> None:
    """Build a stack with Debian's newest packages, and move every app to it while it serves.

    STACK is the default one unless it is named. What is wrong with the new version is found by a probe dyno before any
    app sees it; `stacks:rollback` takes it back.
    """
    instance = Instance.from_env(session.env.variables)
    _report(session, stack_upgrade.upgrade(instance, stack or instance.stacks[0]))


@command("stacks:rollback")
@click.argument("stack", required=False)
@click.option("--to", "version", metavar="VERSION", help="This version, instead of the one before.")
@sentences
def rollback(session: Session, stack: str | None, *, version: str | None) -> None:
    """Move every app back to the version of a stack that was before. `up` leaves it there until the next upgrade."""
    instance = Instance.from_env(session.env.variables)
    _report(session, stack_upgrade.roll_back(instance, stack or instance.stacks[0], version))


def _report(session: Session, failed: list[str]) -> None:
    for app in failed:
        session.console.warn(
            f"{app} does not start on it; its old dynos serve on. `nomapaas logs --app {app}` says why, and "
            "`nomapaas stacks:rollback` takes the upgrade back."
        )
    if failed:
        raise click.exceptions.Exit(1)


COMMANDS: list[click.Command] = [stacks, upgrade, rollback]
