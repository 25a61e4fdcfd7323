"""`doctor` names versions that are known to be vulnerable."""

from __future__ import annotations

import re

import pytest

from cli.platform.advisories import ADVISORIES, known
from cli.platform.doctor import vulnerabilities
from cli.platform.findings import Verdict
from cli.platform.servers import SERVERS


@pytest.mark.parametrize(
    ("server", "version", "name"),
    [
        ("nomad", "1.11.3", "HCSEC-2026-14"),
        ("nomad", "1.10.1", "CVE-2025-4922"),
        ("vault", "1.21.0", "CVE-2026-5807"),
        ("vault", "1.19.6", "CVE-2025-6000"),
        ("minio", "2025-09-07", "CVE-2025-62506"),
    ],
)
def test_a_vulnerable_version_is_named(server: str, version: str, name: str) -> None:
    """With the advisory that people can look up, and with what to do."""
    found = [each for each in vulnerabilities(server, version) if name in each.found]

    assert [each.found.startswith(f"{server} {version} ") for each in found] == [True]
    assert found[0].advice


@pytest.mark.parametrize(
    ("server", "version"),
    [("vault", (1, 19, 7)), ("vault", (1, 20, 1)), ("nomad", (1, 10, 2)), ("minio", (2026, 2, 12))],
)
def test_a_line_that_has_the_fix_is_well(server: str, version: tuple[int, ...]) -> None:
    """Older lines get fixes of their own."""
    assert {each.name for each in known(server, version)} <= {"HCSEC-2026-14", "CVE-2026-5807"}


def test_what_the_platform_does_not_close_is_wrong() -> None:
    """And says which version to install."""
    (found,) = vulnerabilities("minio", "2025-09-07")

    assert found.verdict is Verdict.WRONG
    assert "2025.10.15" in found.advice


def test_nothing_that_nomapaas_builds_itself_is_wrong() -> None:
    """What is known against those is out of reach here."""
    for server in SERVERS:
        assert all(each.verdict is Verdict.WARNING for each in vulnerabilities(server.name, server.version))


def test_each_advisory_is_about_a_server_of_ours() -> None:
    """A slip of the pen would be silent for ever."""
    assert {each.server for each in ADVISORIES} <= {server.name for server in SERVERS}
    assert all(re.match(r"(HCSEC|CVE)-\d{4}-\d+$", each.name) for each in ADVISORIES)
