"""Runs `launch` in a folder laid out as Nomad's exec driver lays out a task.

A script of its own, started in new mount, PID and IPC namespaces: `enter_sandbox.py SETTINGS_JSON`.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

NOBODY = 65534
LAUNCHER = 64999
"""A user with no name stands for nomapaas-dyno: what matters are its capabilities."""

CAPABILITIES = "+setuid,+setgid,+setpcap"


def mount(*arguments: str) -> None:
    """Calls the program of that name."""
    subprocess.run(["mount", *arguments], check=True)


def bind(source: str, target: Path) -> None:
    """A read-only bind mount, as Nomad makes of a host volume."""
    target.mkdir(exist_ok=True)
    mount("--bind", source, str(target))
    mount("-o", "remount,bind,ro", str(target))


def prepare(task: Path, settings: dict[str, str]) -> None:
    """Mounts what a task sees."""
    mount("--make-rprivate", "/")
    for folder in ("usr", "bin", "lib", "lib64"):
        bind(str(Path(settings["root"], folder).resolve()), task / folder)
    bind(settings["runner"], task / "nomapaas")
    (task / "proc").mkdir(exist_ok=True)
    mount("-t", "proc", "proc", str(task / "proc"))
    dev = task / "dev"
    dev.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(dev))
    for name, minor in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
        os.mknod(dev / name, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        (dev / name).chmod(0o666)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1")):
        (dev / name).symlink_to(target)
    (dev / "shm").mkdir()
    (dev / "shm").chmod(0o1777)
    task.chmod(0o777)
    for folder in ("alloc", "local", "secrets"):
        os.chown(task / folder, NOBODY, NOBODY)


def main() -> None:
    """Enters, gives up all but what Nomad leaves to a dyno, and becomes `launch`."""
    settings = json.loads(sys.argv[1])
    task = Path(settings["task"])
    prepare(task, settings)
    config = task / "secrets" / "config"
    if config.exists():
        os.chown(config, LAUNCHER, 0)
        config.chmod(0o400)
    os.fchown(sys.stdout.fileno(), LAUNCHER, 0)
    os.chroot(task)
    os.chdir("/")
    os.execve(  # noqa: S606 (no shell is the point)
        "/usr/bin/setpriv",
        ["setpriv", f"--reuid={LAUNCHER}", "--regid=0", "--clear-groups", f"--inh-caps=-all,{CAPABILITIES}",
         f"--ambient-caps=-all,{CAPABILITIES}", f"--bounding-set=-all,{CAPABILITIES}", "--",
         "/nomapaas/launch", settings["mode"]],
        settings["env"],
    )  # fmt: skip


main()
