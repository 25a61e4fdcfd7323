"""Debian packages that are unpacked without being installed: no dependency of ours changes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cli.platform.stack_errors import StackError
from cli.platform.stack_mirror import KEYRING, Mirror

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Debs:
    """The packages of one Debian release, fetched with an apt of our own below `work`."""

    def __init__(self, mirror: Mirror, suite: str, work: Path) -> None:
        self._mirror = mirror
        self._suite = suite
        self._work = work

    def unpack(self, packages: Sequence[str], target: Path) -> None:
        """Unpacks the newest version of each over `target`. Raises StackError."""
        folder = self._work / f"debs-{len(list(self._work.glob('debs-*')))}"
        folder.mkdir(parents=True)
        checked(["apt-get", *self._options(), "download", *packages], cwd=folder)
        target.mkdir(parents=True, exist_ok=True)
        for deb in sorted(folder.glob("*.deb")):
            checked(["dpkg", "-x", str(deb), str(target)])
            deb.unlink()

    def needed_by(self, package: str, *, ending: str) -> list[str]:
        """All packages with a name of this ending that `package` needs, directly or not."""
        kinds = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
        command = ["apt-cache", *self._options(), "depends", "--recurse", *(f"--no-{kind}" for kind in kinds), package]
        found = {line for line in checked(command).splitlines() if line.endswith(ending) and line[:1].isalpha()}
        return sorted(found - {package})

    def _options(self) -> list[str]:
        apt = self._work / "apt"
        settings = {
            "Dir::Etc::sourcelist": apt / "etc/sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State": apt / "state",
            "Dir::State::status": apt / "status",
            "Dir::Cache": apt / "cache",
            "Dir::Etc::trusted": KEYRING,
            "APT::Sandbox::User": "root",
        }
        options = [
            f"--config-file={apt / 'etc/options'}",
            *(part for key, value in settings.items() for part in ("-o", f"{key}={value}")),
        ]
        if not apt.exists():
            self._prepare(apt, options)
        return options

    def _prepare(self, apt: Path, options: list[str]) -> None:
        for folder in ("etc", "state/lists/partial", "cache/archives/partial"):
            (apt / folder).mkdir(parents=True)
        (apt / "status").touch()
        (apt / "etc/sources.list").write_text("\n".join(self._mirror.sources(self._suite)) + "\n")
        (apt / "etc/options").write_text("\n".join(self._mirror.options) + "\n")
        checked(["apt-get", *options, "--quiet", "update"])


def checked(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Runs a command; what it printed. With `env`, nothing of this process' environment but what it needs.

    Raises:
        StackError: It failed; the message ends with its last lines.
    """
    base = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"} if env is not None else dict(os.environ)
    run = subprocess.run(
        command,
        cwd=cwd,
        env={**base, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        said = " / ".join((run.stderr or run.stdout).strip().splitlines()[-8:])
        raise StackError(f"`{' '.join(command[:3])} …` failed with status {run.returncode}: {said}")
    return run.stdout
