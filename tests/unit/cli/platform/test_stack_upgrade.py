"""Another version of a stack is tried before anybody runs on it, and followed until every app has moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cli.platform import files, stack, stack_upgrade
from cli.platform.findings import Finding, fine, wrong
from cli.platform.instance import Instance
from cli.platform.instance_stacks import InstanceStacks
from cli.platform.problem import Problem
from cli.platform.stack import Stack
from cli.platform.stack_definition import DEFINITIONS

NAME = "nomapaas-13"
OURS = DEFINITIONS[NAME].digest()


def make(instance: Instance, version: str) -> None:
    folder = instance.cache / "stacks" / NAME / version
    for kind in ("run", "build", "etc"):
        (folder / kind).mkdir(parents=True)


class Probe:
    """A probe dyno whose verdict a test gives."""

    verdict: Finding = fine("isolation", "All is well.")

    def __init__(self, instance: Instance, name: str) -> None:
        self.seen = (instance.home / "stacks" / name).readlink().name

    def findings(self) -> Iterator[Finding]:
        yield self.verdict


@pytest.fixture
def stacks(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> InstanceStacks:
    """An instance on a first version of its stack, with servers that are left out."""
    files.directory(instance.etc)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(stack, "_build", lambda _definition, target, _say: make(instance, target.name))
    monkeypatch.setattr(stack, "_check_host", lambda: None)
    monkeypatch.setattr(stack_upgrade, "ProbeDyno", Probe)
    monkeypatch.setattr(stack_upgrade, "prepare_dyno_etc", lambda *_: None)
    monkeypatch.setattr(stack_upgrade, "_hand_over", lambda _instance, new: [new.version])
    found = InstanceStacks(instance)
    found.prepare(lambda _text: None)
    return found


def state(stacks: InstanceStacks) -> tuple[str, str | None, bool]:
    chosen = stacks.chosen(NAME)
    assert chosen is not None
    return chosen.version, chosen.before, chosen.held


def test_an_upgrade_and_back(instance: Instance, stacks: InstanceStacks) -> None:
    """There and back, and the way back is the same way."""
    assert stack_upgrade.upgrade(instance, NAME) == [f"{OURS}-2"]
    assert state(stacks) == (f"{OURS}-2", f"{OURS}-1", False)

    assert stack_upgrade.roll_back(instance, NAME, None) == [f"{OURS}-1"]
    assert state(stacks) == (f"{OURS}-1", f"{OURS}-2", True)

    assert stack_upgrade.roll_back(instance, NAME, f"{OURS}-2") == [f"{OURS}-2"]


@pytest.mark.parametrize("fault", [wrong("isolation", "A dyno reaches the host.", ""), None])
def test_a_version_that_the_probe_finds_fault_with_is_never_handed_over(
    instance: Instance, stacks: InstanceStacks, monkeypatch: pytest.MonkeyPatch, fault: Finding | None
) -> None:
    """A dyno that can do too much, or none that starts at all."""

    def findings(_self: Probe) -> Iterator[Finding]:
        if fault is None:
            raise Problem("A dyno reaches nothing.")
        yield fault

    monkeypatch.setattr(Probe, "findings", findings)
    before = state(stacks)

    with pytest.raises(Problem, match=r"A dyno reaches .* Nothing was changed"):
        stack_upgrade.upgrade(instance, NAME)

    assert state(stacks) == before
    assert (instance.home / "stacks" / NAME).readlink().name == f"{OURS}-1"


def test_there_is_nothing_before_the_first(instance: Instance, stacks: InstanceStacks) -> None:
    """The sentence says so, and names where to look."""
    with pytest.raises(Problem, match="no version of nomapaas-13 before this one"):
        stack_upgrade.roll_back(instance, NAME, None)


def test_a_version_that_is_not_here_is_named_with_those_that_are(instance: Instance, stacks: InstanceStacks) -> None:
    """Nothing is changed."""
    with pytest.raises(Problem, match=f"choose one of: {OURS}-1"):
        stack_upgrade.roll_back(instance, NAME, "nonsense")


def test_a_stack_that_the_instance_does_not_have_is_told_how_to_get(instance: Instance, stacks: InstanceStacks) -> None:
    """It may well exist."""
    with pytest.raises(Problem, match="up --stack NAME"):
        stack_upgrade.upgrade(instance, "nomapaas-12")


class FakeNomad:
    """Apps' jobs and deployments, as Nomad's API tells them; the script says what each look finds."""

    def __init__(self, *looks: dict[str, tuple[str, str]]) -> None:
        self.looks = list(looks)

    def api(self) -> FakeNomad:
        return self

    def call(self, _method: str, path: str, *, params: dict[str, str]) -> Any:
        assert params["namespace"] == "apps"
        now = self.looks[0]
        if path == "/v1/jobs":
            return [{"ID": each, "Stop": False, "Meta": {"stack": runs_on}} for each, (runs_on, _) in now.items()]
        if path == "/v1/deployments":
            found = [{"JobID": each, "Status": status} for each, (_, status) in now.items()]
            if len(self.looks) > 1:
                self.looks.pop(0)
            return found
        job = path.split("/")[3]
        return {"Status": now[job][1]} if path.endswith("/deployment") else {"Name": f"name-of-{job}"}


def test_the_roll_is_over_when_every_app_has_moved_and_settled(tmp_path: Any) -> None:
    """Apps on other stacks do not count; those that failed are named."""
    other = ("nomapaas-12@x", "running")
    new = Stack(name=NAME, version="two", run=tmp_path, build=tmp_path, etc=tmp_path)
    nomad = FakeNomad(
        {"a": (f"{NAME}@one", "successful"), "b": (f"{NAME}@one", "successful"), "c": other},
        {"a": (f"{NAME}@two", "running"), "b": (f"{NAME}@one", "successful"), "c": other},
        {"a": (f"{NAME}@two", "successful"), "b": (f"{NAME}@two", "running"), "c": other},
        {"a": (f"{NAME}@two", "successful"), "b": (f"{NAME}@two", "failed"), "c": other},
    )
    roll = stack_upgrade.Roll(nomad, new)  # type: ignore[arg-type]

    roll.wait(lambda _left: None)

    assert len(nomad.looks) == 1
    assert roll.failed() == ["name-of-b"]
