"""Debian packages are installed without starting what they bring."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cli.platform import packages


def answer(policy: Path) -> int:
    """What Debian's maintainer scripts are told when they want to start nginx."""
    return subprocess.run([policy, "nginx", "start"], check=False).returncode


def test_services_may_not_start_while_packages_are_installed(tmp_path: Path) -> None:
    """101 is Debian's word for no; afterwards there is no trace."""
    policy = tmp_path / "policy-rc.d"

    with packages.services_kept_from_starting(policy):
        assert answer(policy) == 101

    assert not policy.exists()


def test_the_policy_goes_when_the_installation_fails(tmp_path: Path) -> None:
    """Nothing on the machine may be forbidden for ever."""
    policy = tmp_path / "policy-rc.d"

    with pytest.raises(RuntimeError), packages.services_kept_from_starting(policy):
        raise RuntimeError

    assert not policy.exists()


def test_a_policy_left_by_a_killed_up_forbids_nothing(tmp_path: Path) -> None:
    """It asks whether its `up` still lives, and the next `up` removes it."""
    policy = tmp_path / "policy-rc.d"
    with packages.services_kept_from_starting(policy):
        text = policy.read_text()
    ended = subprocess.Popen(["true"])
    ended.wait()
    policy.write_text(text.replace(f"kill -0 {os.getpid()}", f"kill -0 {ended.pid}"))
    policy.chmod(0o755)

    assert answer(policy) == 0
    packages.remove_stale_policy(policy)
    assert not policy.exists()


def test_a_policy_of_the_machines_own_is_left_alone(tmp_path: Path) -> None:
    """Images for containers have one."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")

    with packages.services_kept_from_starting(policy):
        assert policy.read_text() == "#!/bin/sh\nexit 101\n"

    assert policy.read_text() == "#!/bin/sh\nexit 101\n"


def test_what_is_missing_is_told_by_name() -> None:
    """A package that nobody has, beside one that every Debian has."""
    assert packages.missing(["dpkg", "no-such-package-as-this"]) == ["no-such-package-as-this"]
