"""Another version of a stack under running apps: tried by a probe dyno, then handed to the control plane, which rolls.

Until the probe dyno has been heard nothing is decided; afterwards the worker starts each app's new dynos beside its old
ones. Both directions, newer and back, are the same steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli.platform import stack
from cli.platform.findings import Verdict
from cli.platform.instance import Instance
from cli.platform.instance_stacks import InstanceStacks
from cli.platform.nomad_setup import Nomad
from cli.platform.probe import ProbeDyno
from cli.platform.problem import Problem
from cli.platform.progress import step, wait_for
from cli.platform.stack import Stack
from cli.platform.stack_errors import StackError
from cli.platform.up import only_one, prepare_dyno_etc, require_root, up
from jobs.names import APPS_NAMESPACE, stack_stamp

_LONGEST_PAUSE_S = 300
"""Without any app getting further, before the wait is given up; the worker goes on."""


def upgrade(instance: Instance, name: str) -> list[str]:
    """Build a stack with the newest packages and move the apps to it. Names of the jobs that did not start on it."""
    require_root("stacks:upgrade")
    _demand(instance, name)
    with only_one(instance):
        with step(f"Building {name} with the newest packages") as line:
            try:
                new = stack.build_anew(instance.cache, name, say=lambda text: line.tick(text.strip(), every=1))
            except StackError as exc:
                raise Problem(str(exc)) from exc
            line.note(f"done, version {new.version}")
        _switch(instance, new, held=False)
    return _hand_over(instance, new)


def roll_back(instance: Instance, name: str, version: str | None) -> list[str]:
    """Move the apps to the version before, or to the one that is named; the same otherwise."""
    require_root("stacks:rollback")
    _demand(instance, name)
    stacks = InstanceStacks(instance)
    chosen = stacks.chosen(name)
    wanted = version or (chosen.before if chosen else None)
    if wanted is None:
        raise Problem(f"There was no version of {name} before this one; see `nomapaas stacks`.")
    new = stacks.find(name, wanted)
    if new is None:
        known = ", ".join(each.version for each in stacks.versions(name))
        raise Problem(f"Version {wanted} of {name} is not on this machine; choose one of: {known}.")
    with only_one(instance):
        _switch(instance, new, held=True)
    return _hand_over(instance, new)


def _demand(instance: Instance, name: str) -> None:
    if name not in instance.stacks:
        raise Problem(
            f"This platform has no stack {name}; it has {', '.join(instance.stacks)}. "
            "`nomapaas up --stack NAME` adds one."
        )
    InstanceStacks(instance).current()


def _switch(instance: Instance, new: Stack, *, held: bool) -> None:
    """Let new dynos see this version, unless a probe dyno finds fault with it: then everything is as before."""
    stacks = InstanceStacks(instance)
    before = stacks.chosen(new.name)
    old = stacks.find(new.name, before.version) if before else None
    with step(f"Trying {new.name} {new.version} with a probe dyno"):
        stacks.choose(new, held=held)
        prepare_dyno_etc(instance, stacks.current())
        fault = _fault(instance, new.name)
        if fault and before and old:
            stacks.remember(old, before)
            prepare_dyno_etc(instance, stacks.current())
    if fault:
        raise Problem(f"Version {new.version} of {new.name} is not fit to run dynos: {fault} Nothing was changed.")


def _fault(instance: Instance, name: str) -> str | None:
    try:
        found = list(ProbeDyno(instance, name).findings())
    except Problem as problem:
        return str(problem)
    return next((each.found for each in found if each.verdict is Verdict.WRONG), None)


def _hand_over(instance: Instance, new: Stack) -> list[str]:
    roll = Roll(Nomad(instance), new)
    up(instance)
    with step(f"Moving apps to {new.name} {new.version}") as line:
        roll.wait(lambda left: line.tick(f"{left} to go"))
        failed = roll.failed()
        if failed:
            line.note(f"done, but {len(failed)} did not start on it and serve from the old one")
    return failed


class Roll:
    """How far the apps have come, from Nomad's jobs. Made before the first one is moved."""

    def __init__(self, nomad: Nomad, new: Stack) -> None:
        self._nomad = nomad
        self._stack = new.name
        self._wanted = stack_stamp(new.name, new.version)
        self._moved: set[str] = set()
        self._left()

    def wait(self, say: Callable[[int], None]) -> None:
        """Return when no app is on another version and none of its deployments is under way. Raises Problem."""
        left = self._left()
        while left:
            before = left
            left = wait_for(
                lambda before=before: [found] if (found := self._left()) != before else None,  # type: ignore[misc]
                seconds=_LONGEST_PAUSE_S,
                problem=f"No app has moved for {_LONGEST_PAUSE_S} s; the worker goes on trying, see `nomapaas stacks`.",
                tick=lambda before=before: say(len(before)),  # type: ignore[misc]
                pause=0.5,
            )[0]

    def _left(self) -> frozenset[str]:
        jobs = self._call("/v1/jobs", meta="true")
        ours = {
            job["ID"]: job for job in jobs if (job.get("Meta") or {}).get("stack", "").startswith(f"{self._stack}@")
        }
        outdated = {each for each, job in ours.items() if job["Meta"]["stack"] != self._wanted and not job["Stop"]}
        self._moved |= outdated
        running = {each["JobID"] for each in self._call("/v1/deployments") if each["Status"] == "running"}
        return frozenset(outdated | (running & self._moved))

    def failed(self) -> list[str]:
        """Apps, by name, whose newest deployment failed after they were moved."""
        found = []
        for job_id in sorted(self._moved):
            latest = self._call(f"/v1/job/{job_id}/deployment")
            if latest and latest["Status"] == "failed":
                found.append(str(self._call(f"/v1/job/{job_id}")["Name"]))
        return found

    def _call(self, path: str, **params: str) -> Any:
        return self._nomad.api().call("GET", path, params={"namespace": APPS_NAMESPACE, **params})
