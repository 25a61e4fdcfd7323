"""up, down, status, doctor, env: this machine's platform."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from typing import Any

import click

from cli.command import command, json_option
from cli.errors import CLIError
from cli.platform.boot import install_unit, require_systemd
from cli.platform.doctor import checks
from cli.platform.down import down as stop
from cli.platform.environment import variables
from cli.platform.findings import Verdict, run_checks
from cli.platform.instance import Instance
from cli.platform.parts import parts
from cli.platform.problem import Problem
from cli.platform.up import up as start
from cli.session import Session


def sentences(function: Callable[..., None]) -> Callable[..., None]:
    """Let a command that touches this machine end a Problem with its sentence."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except Problem as problem:
            raise CLIError(str(problem)) from problem

    return call


@command("up")
@click.option("--boot", is_flag=True, help="Start it whenever this machine starts, too (by systemd).")
@click.option("--stack", "stacks", metavar="STACK", multiple=True, help="Have this stack, too; remembered.")
@sentences
def up(session: Session, *, boot: bool, stacks: tuple[str, ...]) -> None:
    """Start the platform on this machine, or bring it back. What is missing is installed or built first.

    Settings (NOMAPAAS_DOMAIN, NOMAPAAS_BIND and so on) come from the environment, and are remembered.
    """
    instance = Instance.from_env(session.env.variables).with_stacks(stacks)
    if boot:
        require_systemd()
    start(instance)
    tls_port = instance.public.ports.get("router_tls", instance.port("router_tls"))
    session.console.note(f"Apps answer over TLS on port {tls_port}; trust {instance.authority}.")
    if boot:
        install_unit(instance)


@command("env")
@json_option
@sentences
def env(session: Session, *, as_json: bool) -> None:
    """Print the variables that reach the platform: `eval "$(nomapaas env)"`."""
    found = variables(Instance.from_env(session.env.variables))
    if as_json:
        session.console.json(found)
        return
    for name, value in found.items():
        session.console.out(f"export {name}={shlex.quote(value)}")


@command("down")
@click.option("--purge", is_flag=True, help="Remove all data of the platform as well: every app, config var and slug.")
@click.option("-c", "--confirm", metavar="FOLDER", help="Confirm a purge by the folder that is removed.")
@sentences
def down(session: Session, *, purge: bool, confirm: str | None) -> None:
    """Stop the platform on this machine. The data is kept, and `up` brings every app back."""
    instance = Instance.from_env(session.env.variables)
    if purge:
        _confirm(session, instance, confirm)
    stop(instance, purge=purge)


def _confirm(session: Session, instance: Instance, given: str | None) -> None:
    if given is None and session.env.interactive:
        session.console.warn(f"This removes {instance.home} with every app, config var, slug and log of this platform.")
        given = session.console.ask(f"Type {instance.home} to go on: ")
    if given is None:
        raise CLIError(f"A purge has to be confirmed; add --confirm {instance.home}.")
    if given != str(instance.home):
        raise CLIError(f"The confirmation {given!r} is not {instance.home}; nothing was removed.")


@command("status")
@json_option
@sentences
def status(session: Session, *, as_json: bool) -> None:
    """Show how the platform's parts are. The exit code is 1 when one of them is not well."""
    instance = Instance.from_env(session.env.variables)
    variables(instance)  # raises where there is no platform, or this is not its owner
    found = parts(instance)
    if as_json:
        session.console.json([part.record() for part in found])
    else:
        rows = [
            (p.name, p.state if p.ok else f"{p.state}!", str(p.pid or ""), _span(p.uptime), p.detail) for p in found
        ]
        session.console.table(("Part", "State", "Pid", "Up", ""), rows)
    if not all(part.ok for part in found):
        raise click.exceptions.Exit(1)


def _span(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    return f"{days} d" if days else f"{hours} h" if hours else f"{minutes} min" if minutes else f"{seconds} s"


@command("doctor")
@json_option
@click.option("--no-probe", is_flag=True, help="Start no probe dynos.")
@sentences
def doctor(session: Session, *, as_json: bool, no_probe: bool) -> None:
    """Check the machine and the platform, and say what to do. The exit code is 1 when something is wrong."""
    instance = Instance.from_env(session.env.variables)
    variables(instance)
    found = []
    for finding in run_checks(checks(instance, probe=not no_probe)):
        found.append(finding)
        if not as_json:
            session.console.out(f"{_MARKS[finding.verdict]} {finding.topic}: {finding.found}")
            if finding.advice:
                session.console.out(f"       {finding.advice}")
    if as_json:
        session.console.json([finding.record() for finding in found])
    if any(finding.verdict is Verdict.WRONG for finding in found):
        raise click.exceptions.Exit(1)


_MARKS = {Verdict.OK: "  ok  ", Verdict.WARNING: " look ", Verdict.WRONG: "WRONG "}

COMMANDS: list[click.Command] = [up, down, status, doctor, env]
