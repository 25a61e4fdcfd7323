"""PATH, cache, release, source: in that order, saying which."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.platform import fetch
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.servers import SERVERS

CONSUL = next(server for server in SERVERS if server.name == "consul")
Script = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def searching(path: Path) -> Callable[[str], str | None]:
    return lambda _: str(path)


def test_a_program_on_path_in_a_supported_version_is_used(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else there is."""
    monkeypatch.setattr(fetch, "traversable", lambda _: True)
    path = script("consul", "echo Consul v1.21.4")

    assert fetch.find_installed(CONSUL, searching(path)) == path


@pytest.mark.parametrize("printed", ["Consul v1.19.9", "Consul v1.23.0", "Consul v2.0.0", "something else", ""])
def test_a_program_of_another_version_is_passed_over(
    script: Script, monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    """Too old, too new or not telling."""
    monkeypatch.setattr(fetch, "traversable", lambda _: True)

    assert fetch.find_installed(CONSUL, searching(script("consul", f"echo '{printed}'"))) is None


def test_a_program_that_only_root_reaches_is_passed_over(script: Script) -> None:
    """Servers run as unix users of their own; pytest's folder is closed to them."""
    path = script("consul", "echo Consul v1.22.6")
    path.parent.chmod(0o700)

    assert fetch.find_installed(CONSUL, searching(path)) is None


def test_one_on_path_is_named_with_its_place(
    instance: Instance, script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own version, which need not be the one that nomapaas would have fetched."""
    monkeypatch.setattr(fetch, "traversable", lambda _: True)
    path = script("consul", "echo Consul v1.21.4")
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")

    assert fetch.ensure_server(instance, CONSUL) == path
    assert capsys.readouterr().err == f"consul 1.21.4: {path}\n"


def test_the_cache_is_used_without_asking_anybody(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    """No network, no compiler."""
    program = fetch.cache_folder(instance.cache, CONSUL) / "consul"
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)

    assert fetch.ensure_server(instance, CONSUL) == program
    assert capsys.readouterr().err == f"consul {CONSUL.version}: cache\n"


def test_a_release_is_downloaded_into_the_cache(
    instance: Instance,
    releases: tuple[str, Path],
    publish: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Once; the line says that it is an official one."""
    monkeypatch.setattr(fetch, "architecture", lambda: "amd64")
    program = publish()
    monkeypatch.setenv("NOMAPAAS_RELEASES_URL", releases[0])

    path = fetch.ensure_server(instance, CONSUL)

    assert path.read_bytes() == program
    assert "official release, checksum verified" in capsys.readouterr().err
    assert fetch.ensure_server(instance, CONSUL) == path
    assert capsys.readouterr().err == f"consul {CONSUL.version}: cache\n"


def test_a_tampered_release_never_reaches_the_cache(
    instance: Instance,
    releases: tuple[str, Path],
    publish: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the next try begins afresh."""
    monkeypatch.setattr(fetch, "architecture", lambda: "amd64")
    publish(sums="ab" * 32)
    monkeypatch.setenv("NOMAPAAS_RELEASES_URL", releases[0])

    with pytest.raises(Problem, match="checksum"):
        fetch.ensure_server(instance, CONSUL)

    kept = fetch.cache_folder(instance.cache, CONSUL).parent
    assert list(kept.iterdir()) == []


def test_without_releases_it_is_built(
    instance: Instance, script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By Go, from the pinned module; the line says so."""
    monkeypatch.setenv("NOMAPAAS_RELEASES_URL", "none")
    go = script("go", GO)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")

    path = fetch.ensure_server(instance, CONSUL)

    assert path == fetch.cache_folder(instance.cache, CONSUL) / "consul"
    assert os.access(path, os.X_OK)
    assert "built from source" in capsys.readouterr().err


def test_a_build_that_fails_leaves_nothing(instance: Instance, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-built program would be found by the next `up`."""
    monkeypatch.setenv("NOMAPAAS_RELEASES_URL", "none")
    go = script("go", 'test "$1" = env && { echo go1.26.1; exit 0; }\necho "undefined: x" >&2; exit 2')
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")

    with pytest.raises(Problem, match="undefined: x"):
        fetch.ensure_server(instance, CONSUL)

    assert list(fetch.cache_folder(instance.cache, CONSUL).parent.iterdir()) == []


def test_without_go_it_says_what_to_install(
    instance: Instance, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when Go is too old."""
    monkeypatch.setenv("NOMAPAAS_RELEASES_URL", "none")
    go = script("go", "echo go1.25.9")
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")

    with pytest.raises(Problem, match=r"Go >= 1\.26 is not on PATH; install it"):
        fetch.ensure_server(instance, CONSUL)


GO = """test "$1" = env && { echo go1.26.8; exit 0; }
while test "$1" != -o; do shift; done
echo github.com/hashicorp/consul >&2
printf '#!/bin/sh\\n' > "$2"
"""
