"""Where the packages of a stack come from."""

from __future__ import annotations

import pytest

from cli.platform.stack_errors import StackError
from cli.platform.stack_mirror import Mirror, from_index_targets, host_mirror

TARGETS = [
    "https://mirror.example/debian/|bookworm|main",
    "https://mirror.example/debian/|bookworm-updates|main",
    "https://mirror.example/debian-security/|bookworm-security|main",
    "https://other.example/node|nodistro|main",
    "https://other.example/debian|bookworm|contrib",
]


def test_the_mirror_is_the_one_of_the_hosts_apt():
    """Whatever else its sources hold."""
    found = from_index_targets(TARGETS, "bookworm")

    assert found == Mirror(archive="https://mirror.example/debian", security="https://mirror.example/debian-security")


def test_sources_are_signed_by_the_debian_keyring():
    """For the release with its updates, and security fixes where the host has them."""
    lines = Mirror(archive="A", security="S").sources("trixie")

    assert [line.split("] ")[1] for line in lines] == [
        "A trixie main",
        "A trixie-updates main",
        "S trixie-security main",
    ]
    assert all("signed-by=/usr/share/keyrings/" in line for line in lines)


@pytest.mark.parametrize(("targets", "codename"), [([], "bookworm"), (TARGETS, "noble"), (TARGETS, "")])
def test_without_a_debian_mirror_the_setting_is_named(targets, codename):
    """On another distribution the user has to say where Debian is."""
    with pytest.raises(StackError, match="set NOMAPAAS_DEBIAN_MIRROR"):
        from_index_targets(targets, codename)


def test_the_setting_wins():
    """Over what apt says."""
    found = host_mirror({"NOMAPAAS_DEBIAN_MIRROR": "https://mine.example/debian"})

    assert found.archive == "https://mine.example/debian"
    assert found.security is None
