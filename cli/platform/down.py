"""`nomapaas down`: dynos first, each with its grace period, then the servers; the data stays unless it is purged."""

from __future__ import annotations

from cli.platform import files, holders, layout
from cli.platform.boot import remove_unit
from cli.platform.instance import Instance
from cli.platform.leftovers import Leftovers
from cli.platform.network import Network
from cli.platform.nomad_setup import Nomad
from cli.platform.problem import Problem
from cli.platform.programs import SERVERS
from cli.platform.progress import step
from cli.platform.supervise import Supervisor
from cli.platform.up import only_one, require_root


def down(instance: Instance, *, purge: bool = False) -> None:
    """Stop everything of this instance. Idempotent. With `purge` nothing of it is left but the cache."""
    require_root("down")
    if not (instance.home / "up.lock").exists():
        if not purge:
            raise Problem(f"There is no platform in {instance.home}; nothing is to be stopped.")
        _tear_down_network(instance)
        return
    with only_one(instance):
        supervisor = Supervisor(instance)
        if supervisor.alive():
            _stop_dynos(instance, supervisor)
            with step("Stopping the servers") as line:
                supervisor.shut_down(tuple(reversed(SERVERS)), line.tick)
        leftovers = Leftovers(instance)
        with step("Clearing up"):
            supervisor.end_orphans()
            leftovers.end_processes(seconds=10)
            leftovers.sweep()
            layout.release(instance.home)
        if purge:
            with step("Purging the data"):
                remove_unit(instance)
                _tear_down_network(instance)
                _remove(instance)


def _stop_dynos(instance: Instance, supervisor: Supervisor) -> None:
    """Let Nomad end every task on this machine. Where Nomad cannot, what is left is ended without it."""
    nomad = Nomad(instance)
    if not supervisor.running("nomad"):
        return
    with step("Stopping dynos and the platform's jobs") as line:
        try:
            ended = nomad.drain(tick=line.tick)
        except Problem as problem:
            line.note(f"not possible through Nomad ({problem})")
        else:
            line.note(f"done, {ended} stopped")


def _tear_down_network(instance: Instance) -> None:
    """Remove bridge and rules, unless they are those of another HOME with the same port base."""
    try:
        holders.require_free(instance)
    except Problem:
        return
    Network(instance).tear_down()


def _remove(instance: Instance) -> None:
    lock = instance.home / "up.lock"
    for path in instance.home.iterdir():
        if path != lock:
            files.remove_tree(path)
    lock.unlink()
    instance.home.rmdir()
