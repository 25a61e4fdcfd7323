"""Running other programs: argument lists only, output caught, failures in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.platform.problem import Problem

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where root's programs are, whatever the caller's PATH lacks."""


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    seconds: float = 120,
) -> str:
    """Run a program and return its stdout. Raises Problem with the last lines of what it said."""
    result = attempt(argv, env=env, cwd=cwd, stdin=stdin, seconds=seconds)
    if result.returncode != 0:
        said = " | ".join((result.stderr or result.stdout).strip().splitlines()[-5:])
        raise Problem(
            f"`{' '.join(map(str, argv[:6]))}` ended with exit code {result.returncode}: {said or 'it said nothing'}."
        )
    return result.stdout


def attempt(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    seconds: float = 120,
    pass_fds: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program whose failure is an answer. Raises Problem only when it cannot be run or hangs."""
    environment = dict(os.environ if env is None else env)
    environment["PATH"] = f"{environment.get('PATH', '')}:{PATH}".lstrip(":")
    try:
        return subprocess.run(
            [str(a) for a in argv],
            env=environment,
            cwd=cwd,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            pass_fds=pass_fds,
        )
    except FileNotFoundError as exc:
        raise Problem(f"The program {argv[0]} is missing; run `nomapaas up` as root, which installs it.") from exc
    except subprocess.TimeoutExpired as exc:
        raise Problem(f"`{' '.join(map(str, argv[:6]))}` did not end within {seconds:.0f} s.") from exc


def traversable(path: Path) -> bool:
    """Whether any unix user may reach this path (every folder above it is open to others)."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def as_user(user: str, argv: Sequence[str | Path]) -> list[str]:
    """The argument list that runs a Python program of ours as `user` with no privilege.

    Where the interpreter or the checkout lies below a closed folder (/root is one), the process keeps the one
    capability to read past it; it can write nothing that the user could not.
    """
    caps, securebits = "-all", []
    if not (traversable(Path(sys.base_prefix) / "bin") and traversable(Path(__file__))):
        caps = "-all,+dac_read_search"
        # Else access(2), by which Python libraries ask whether a folder is there, would not count the capability.
        securebits = ["--securebits=+no_setuid_fixup"]
    return [
        "/usr/bin/setpriv",
        f"--reuid={user}",
        f"--regid={user}",
        "--clear-groups",
        "--no-new-privs",
        *securebits,
        f"--bounding-set={caps}",
        f"--inh-caps={caps}",
        f"--ambient-caps={caps}",
        "--",
        *map(str, argv),
    ]
