"""What the Go compiler is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.platform import build
from cli.platform.problem import Problem
from cli.platform.servers import SERVERS

ROOT = Path(__file__).parents[4]
NOMAD = next(server for server in SERVERS if server.name == "nomad")


def test_every_module_is_checked_against_the_committed_sums(
    script: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing may change go.mod or go.sum; Nomad gets its UI and cgo."""
    said = tmp_path / "said"
    go = script(
        "go", f'test "$1" = env && {{ echo go1.26.8; exit 0; }}\necho "$@ cgo=$CGO_ENABLED $GOFLAGS" > {said}\nexit 1'
    )
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")

    with pytest.raises(Problem):
        build.build(NOMAD, tmp_path, tmp_path, tick=lambda _: None)

    words = said.read_text()
    assert "-trimpath -mod=readonly" in words
    assert "-tags ui" in words
    assert "cgo=1 -mod=readonly" in words


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_each_server_has_a_pinned_module(server: build.Server) -> None:
    """With sums of everything in it; the package that is built belongs to it."""
    folder = ROOT / "nomad" / "servers" / server.name
    module = (folder / "go.mod").read_text()

    required = [
        line.removeprefix("require").split()[0]
        for line in module.splitlines()
        if re.search(r"^\s|^require [a-z]", line)
    ]
    assert any(server.package.startswith(name) for name in required)
    assert (folder / "go.sum").stat().st_size > 1000


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_the_pinned_version_is_in_the_supported_range(server: build.Server) -> None:
    """What nomapaas builds it would also accept on PATH."""
    numbers = tuple(int(part) for part in server.version.replace("-", ".").split("."))

    assert server.at_least <= numbers < server.below


def test_consul_template_that_prints_secrets_is_never_used() -> None:
    """Versions before 0.43.0 print values of Vault in errors."""
    server = next(server for server in SERVERS if server.name == "consul-template")

    assert server.accepts("consul-template v0.42.1 (abc)") is None
    assert server.accepts("consul-template v0.43.0 ()") == "0.43.0"
