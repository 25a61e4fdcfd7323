"""Debian packages that the platform needs on its machine, installed by name and without starting any service."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.platform.commands import attempt, run
from cli.platform.problem import Problem
from cli.platform.progress import step

NEEDED = (
    "ca-certificates",
    "curl",
    "debian-archive-keyring",
    "iproute2",
    "iptables",
    "libnginx-mod-http-lua",
    "lua-cjson",
    "lua-resty-core",
    "mmdebstrap",
    "nginx",
    "openssl",
    "util-linux",
    "varnish",
)
"""What runs, beside the servers of `servers.py`."""


POLICY = Path("/usr/sbin/policy-rc.d")
_MARK = "# written by `nomapaas up` while it installs packages"
_SERVICES = ("nginx", "varnish", "varnishncsa")
_INSTALL_SECONDS = 900


def missing(names: Sequence[str] = NEEDED) -> list[str]:
    """Which of these packages are not installed."""
    answer = attempt(["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *names])
    there = {line.split()[0] for line in answer.stdout.splitlines() if line.split()[-1:] == ["installed"]}
    return [name for name in names if name not in there]


def ensure(names: Sequence[str] = NEEDED) -> None:
    """Install what is missing. Raises Problem with the command to run where this cannot be done from here."""
    if shutil.which("dpkg-query") is None:
        raise Problem(
            "This is no Debian: install nginx with its Lua module, lua-resty-core, lua-cjson, Varnish, iptables, "
            "iproute2, curl and mmdebstrap by hand, and make a `dpkg-query` that knows them, or run nomapaas on "
            "Debian 12."
        )
    wanted = missing(names)
    if not wanted:
        return
    with step(f"Installing {', '.join(wanted)}") as line, services_kept_from_starting():
        environment = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C", "PATH": os.environ.get("PATH", "")}
        environment |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        try:
            run(["apt-get", "update", "-q"], env=environment, seconds=_INSTALL_SECONDS)
            line.tick("package lists are fresh", every=0)
            command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *wanted]
            run(command, env=environment, seconds=_INSTALL_SECONDS)
        except Problem as problem:
            command_line = f"apt-get install --no-install-recommends {' '.join(wanted)}"
            raise Problem(f"{problem} Run `{command_line}` yourself, and then `nomapaas up` again.") from problem
        for service in set(_SERVICES) & set(wanted):
            # Installed for us: it is not to hold port 80 after the next boot either.
            attempt(["update-rc.d", service, "disable"])


@contextmanager
def services_kept_from_starting(policy: Path = POLICY) -> Iterator[None]:
    """Let Debian's maintainer scripts start nothing. A policy of the machine's own is left alone.

    The file answers for as long as this process lives only, so that one left by a killed `up` forbids nothing; the
    next `up` removes it.
    """
    remove_stale_policy(policy)
    own = not policy.exists()
    if own:
        policy.write_text(f"#!/bin/sh\n{_MARK}\nkill -0 {os.getpid()} 2>/dev/null && exit 101\nexit 0\n")
        policy.chmod(0o755)
    try:
        yield
    finally:
        if own:
            policy.unlink(missing_ok=True)


def remove_stale_policy(policy: Path = POLICY) -> None:
    """Remove a policy that a killed `up` left."""
    try:
        stale = _MARK in policy.read_text()
    except (OSError, UnicodeDecodeError):
        return
    if stale:
        policy.unlink(missing_ok=True)
