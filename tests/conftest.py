"""The tests' own instance of nomapaas, beside a live one, started once and removed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

pytest_plugins = ["tests.campaign.counts", "tests.databases", "tests.lanes", "tests.snapshots"]

ROOT = Path(__file__).parents[1]
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS_APART = 100
"""Each of pytest-xdist's workers may have an instance: its ports, and those that test_upkeep.py takes above them."""

PORT_BASE = int(os.environ.get("NOMAPAAS_TEST_PORT_BASE", "18080")) + _PORTS_APART * _WORKER

_KEEP = bool(os.environ.get("NOMAPAAS_TEST_KEEP"))

SHORT_TIMES = {
    "NOMAPAAS_BOOT_TIMEOUT": "20",
    "NOMAPAAS_BUILD_TIMEOUT": "120",
    "NOMAPAAS_MAX_BUILDS": "2",
    "NOMAPAAS_RECONCILE_INTERVAL": "2",
    "NOMAPAAS_AUTOSLEEP_LEAST": "5",
    "NOMAPAAS_SLEEP_INTERVAL": "1",
    "NOMAPAAS_SLUG_MAX_MB": "50",
    "NOMAPAAS_BUILD_DISK_MB": "1024",
}
"""Platform times and sizes are settings; the tests' instance has smaller ones."""


@dataclass(frozen=True)
class Instance:
    """A running platform."""

    home: Path
    env: dict[str, str]
    """What `nomapaas env` prints, on top of the process environment."""
    control_secrets: dict[str, str]

    def cli(self, *args: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the CLI as a user would, without a terminal; never raises."""
        return subprocess.run(  # noqa: PLW1510
            [_cli(), *args],
            cwd=cwd or self.home,
            env=self.env | more,
            capture_output=True,
            text=True,
            timeout=180,
            stdin=subprocess.DEVNULL,
        )

    def start(self, *args: str, cwd: Path) -> subprocess.Popen[str]:
        """Begin a command that takes its time; what it says is for its `communicate`."""
        return subprocess.Popen(
            [_cli(), *args],
            cwd=cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pid_of(self, server: str) -> int | None:
        """The process of one supervised server, or of `supervisord` itself; None while it does not run."""
        which = [] if server == "supervisord" else [server]
        config = self.home / "etc" / "supervisord.conf"
        command = [str(Path(sys.executable).with_name("supervisorctl")), "-c", str(config), "pid", *which]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        return int(said) if said.isdigit() and said != "0" else None


@pytest.fixture(scope="session")
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    """Bring the tests' instance up, on the database that `--state` names; take it down and away afterwards."""
    database = {}
    if request.config.getoption("--state") == "postgresql":
        database["DATABASE_URL"] = request.getfixturevalue("postgresql").database()
    with _folder() as folder:
        folder.chmod(0o711)  # the servers run as users of their own and have to pass through
        home = folder / "home"
        base = {name: value for name, value in os.environ.items() if not _is_ours(name)}
        env = base | SHORT_TIMES | database | {"NOMAPAAS_HOME": str(home), "NOMAPAAS_PORT_BASE": str(PORT_BASE)}
        try:
            subprocess.run([_cli(), "up"], env=env, check=True, stdin=subprocess.DEVNULL)
            printed = subprocess.run([_cli(), "env", "--json"], env=env, check=True, capture_output=True, text=True)
            secrets = json.loads((home / "secrets" / "control.json").read_text())
            yield Instance(home=home, env=env | json.loads(printed.stdout), control_secrets=secrets)
        finally:
            if not _KEEP:
                purge = [_cli(), "down", "--purge", "--confirm", str(home)]
                subprocess.run(purge, env=env, check=True, stdin=subprocess.DEVNULL)
                assert _left_behind(home) == []


def _left_behind(home: Path) -> list[str]:
    """What a purge should have ended or removed, whatever the tests killed before: helpers, tasks, cables, mounts."""
    found = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"{home}/" in line]
    if Path(f"/sys/class/net/nmp{PORT_BASE}").exists():
        found.append(f"bridge nmp{PORT_BASE}")
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = " ".join(process.cmdline())
            if f"{home}/" in words or process.environ().get("NOMAPAAS_HOME") == str(home):
                found.append(words)
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for the instance, removed once a purge has emptied it: until then much is mounted in there."""
    folder = Path(tempfile.mkdtemp(prefix="nomapaas-tests-", dir="/var/tmp"))
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()


def _cli() -> str:
    return str(Path(sys.executable).with_name("nomapaas"))


def _is_ours(name: str) -> bool:
    """An exported NOMAPAAS_API_URL of the live instance must not reach the tests' one."""
    ours = ("NOMAPAAS_", "NOMAD_", "CONSUL_", "VAULT_")
    return name.startswith(ours) and name != "NOMAPAAS_CACHE"
