"""An instance keeps to the version of a stack that it chose, and switches in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.platform import files, stack
from cli.platform.instance import Instance
from cli.platform.instance_stacks import InstanceStacks
from cli.platform.problem import Problem
from cli.platform.stack import Stack
from cli.platform.stack_definition import DEFINITIONS

NAME = "nomapaas-13"
OURS = DEFINITIONS[NAME].digest()


def make(instance: Instance, version: str) -> Stack:
    """A version in the cache, without Debian."""
    folder = instance.cache / "stacks" / NAME / version
    for kind in ("run", "build"):
        (folder / kind / "usr/lib").mkdir(parents=True)
        (folder / kind / "lib").symlink_to("usr/lib")
    (folder / "etc").mkdir()
    return next(each for each in stack.versions(instance.cache, NAME) if each.version == version)


@pytest.fixture
def stacks(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> InstanceStacks:
    files.directory(instance.etc)
    monkeypatch.setattr(stack, "_build", lambda _definition, target, _say: make(instance, target.name))
    monkeypatch.setattr(stack, "_check_host", lambda: None)
    return InstanceStacks(instance)


def link(instance: Instance) -> str:
    return (instance.home / "stacks" / NAME).readlink().name


def test_the_first_up_takes_the_newest(instance: Instance, stacks: InstanceStacks) -> None:
    """There is nothing to go back to."""
    (found,) = stacks.prepare(print)

    assert (found.version, link(instance)) == (f"{OURS}-1", f"{OURS}-1")
    assert stacks.current() == [found]
    chosen = stacks.chosen(NAME)
    assert chosen is not None
    assert chosen.before is None


def test_up_does_not_upgrade_unasked(instance: Instance, stacks: InstanceStacks) -> None:
    """Another instance, which shares the cache, may have made newer ones."""
    stacks.prepare(print)
    make(instance, f"{OURS}-2")

    (found,) = stacks.prepare(print)

    assert found.version == f"{OURS}-1"


def test_a_new_definition_is_an_upgrade(instance: Instance, stacks: InstanceStacks) -> None:
    """The version before is known, and can be gone back to."""
    stacks.choose(make(instance, "0123456789abcdef"))

    (found,) = stacks.prepare(print)

    assert found.version == f"{OURS}-1"
    chosen = stacks.chosen(NAME)
    assert chosen is not None
    assert chosen.before == "0123456789abcdef"


def test_what_an_operator_went_back_to_stays(instance: Instance, stacks: InstanceStacks) -> None:
    """`up` has a newer definition, and leaves it be."""
    stacks.choose(make(instance, "0123456789abcdef"), held=True)

    (found,) = stacks.prepare(print)

    assert (found.version, link(instance)) == ("0123456789abcdef", "0123456789abcdef")


def test_the_link_is_mended(instance: Instance, stacks: InstanceStacks) -> None:
    """A kill between remembering and pointing is made good by the next `up`."""
    stacks.prepare(print)
    (instance.home / "stacks" / NAME).unlink()

    stacks.prepare(print)

    assert link(instance) == f"{OURS}-1"


def test_host_volumes_lead_through_the_link(instance: Instance, stacks: InstanceStacks) -> None:
    """Nomad's configuration stays the same whatever version it is."""
    (found,) = stacks.prepare(print)

    volumes = stacks.host_volumes(found)

    assert volumes[f"stack-{NAME}-run-usr"] == instance.home / "stacks" / NAME / "run/usr"
    assert volumes[f"stack-{NAME}-build-lib"] == instance.home / "stacks" / NAME / "build/usr/lib"
    stacks.choose(make(instance, f"{OURS}-2"))
    assert stacks.host_volumes(stacks.current()[0]) == volumes


def test_before_up_there_is_none(stacks: InstanceStacks) -> None:
    """And the sentence says how to get it."""
    with pytest.raises(Problem, match="run `nomapaas up`"):
        stacks.current()


@pytest.mark.parametrize("text", ["debian-9", " , "])
def test_only_stacks_that_there_are_can_be_named(text: str) -> None:
    """The sentence says which."""
    with pytest.raises(Problem, match="nomapaas-13, nomapaas-12"):
        Instance.from_env({"NOMAPAAS_HOME": "/nonexistent/home", "NOMAPAAS_STACKS": text})


def test_the_first_named_is_the_default(tmp_path: Path) -> None:
    """Of new apps."""
    env = {"NOMAPAAS_HOME": str(tmp_path / "home"), "NOMAPAAS_STACKS": "nomapaas-12, nomapaas-13"}

    assert Instance.from_env(env).stacks == ("nomapaas-12", "nomapaas-13")
