"""`nomapaas doctor`: what could be wrong with this machine and this platform, and what to do about it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from cli.platform import advisories, fetch, packages
from cli.platform.commands import attempt
from cli.platform.doctor_acl import ACLChecks
from cli.platform.findings import Check, Finding, fine, warning, wrong
from cli.platform.instance import Instance
from cli.platform.network import Network
from cli.platform.parts import parts
from cli.platform.probe import ProbeDyno
from cli.platform.servers import SERVERS

_LEAST_BYTES = 2 << 30
_LEAST_PART = 0.1
_CONTROLLERS = ("cpu", "memory", "pids", "freezer")


def checks(instance: Instance, *, probe: bool = True) -> list[tuple[str, Check]]:
    """All checks, in the order in which they help."""
    doctor = Doctor(instance)
    found: list[tuple[str, Check]] = [
        ("prerequisites", doctor.prerequisites),
        ("versions", doctor.versions),
        ("disk", doctor.disk),
        ("clock", doctor.clock),
        ("network", doctor.network),
        ("reachability", doctor.reachability),
        ("ACLs", ACLChecks(instance).findings),
    ]
    if probe:
        found.append(("isolation", ProbeDyno(instance).findings))
    return found


class Doctor:
    """The checks that need no server's cooperation."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def prerequisites(self) -> Iterator[Finding]:
        """Root, Debian packages, the kernel's control groups, what a missing server would be built with."""
        topic = "prerequisites"
        if os.geteuid() != 0:
            yield wrong(
                topic, "This is not root, so much cannot be looked at.", "Run `sudo .venv/bin/nomapaas doctor`."
            )
        absent = packages.missing()
        if absent:
            yield wrong(
                topic, f"Debian packages are missing: {', '.join(absent)}.", "Run `nomapaas up`, which installs them."
            )
        else:
            yield fine(topic, f"All {len(packages.NEEDED)} Debian packages are installed.")
        have = _controllers()
        lacking = [name for name in _CONTROLLERS if name not in have]
        if lacking:
            advice = "Turn them on in the kernel's command line (cgroup_enable=…) and start the machine anew."
            yield wrong(topic, f"The kernel offers no control group for {', '.join(lacking)}.", advice)
        else:
            yield fine(topic, f"Control groups are there (version {2 if _unified() else 1}).")
        if attempt(["iptables", "-w", "10", "-S", "INPUT"]).returncode != 0:
            yield wrong(
                topic, "iptables cannot read the kernel's rules.", "Run this as root on a kernel with netfilter."
            )

    def versions(self) -> Iterator[Finding]:
        """Every server in its supported range, and nothing with a hole that this platform relies on being closed."""
        topic = "versions"
        for server in SERVERS:
            installed = fetch.find_installed(server)
            folder = fetch.cache_folder(self._instance.cache, server)
            if installed is None and not fetch.in_cache(folder, server):
                yield wrong(topic, f"{server.name} {server.version} is not here.", "Run `nomapaas up`, which gets it.")
                continue
            path = installed or fetch.program(folder, server)
            yield fine(topic, f"{server.name} {fetch.describe(server, path, self._instance.cache)}")
            used = fetch.describe(server, path, self._instance.cache).partition(",")[0]
            yield from vulnerabilities(server.name, used)
        if tuple(map(int, re.findall(r"\d+", version("gunicorn"))[:2])) < (23, 0):
            yield wrong(topic, f"gunicorn {version('gunicorn')} lets requests be smuggled.", "Run `make venv`.")
        python = platform.python_version()
        yield fine(topic, f"Python {python}, {sum(1 for _ in _processors())} processors")

    def disk(self) -> Iterator[Finding]:
        """Room and inodes for data and cache."""
        for name, folder in (("data", self._instance.home), ("cache", self._instance.cache)):
            yield _room(name, folder)

    def clock(self) -> Iterator[Finding]:
        """A clock that is wrong breaks tokens, signatures and logs."""
        topic = "clock"
        newest = max(path.stat().st_mtime for path in (self._instance.checkout / "cli").rglob("*.py"))
        if time.time() < newest - 86400:
            advice = "Set it, and keep it right with chrony or systemd-timesyncd."
            yield wrong(topic, "The clock stands before this version of nomapaas was written.", advice)
            return
        if Path("/run/systemd/system").is_dir():
            answer = attempt(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
            if answer.stdout.strip() == "no":
                yield warning(topic, "Nobody keeps this machine's clock right.", "Run `timedatectl set-ntp true`.")
                return
        yield fine(topic, time.strftime("It is %Y-%m-%d %H:%M:%S UTC.", time.gmtime()))

    def network(self) -> Iterator[Finding]:
        """The dynos' bridge and the rules around it."""
        topic = "network"
        network = Network(self._instance)
        absent = network.missing()
        if absent:
            yield wrong(
                topic,
                f"Firewall rules are missing: {', '.join(absent)}.",
                "Run `nomapaas up` now: dynos are not fenced in.",
            )
        else:
            yield fine(topic, f"The firewall rules of {self._instance.bridge} are in place.")
        if Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() != "1":
            yield wrong(topic, "The kernel forwards no packets, so dynos reach nothing.", "Run `nomapaas up`.")
        resolvers = network.resolvers()
        if not resolvers:
            advice = "Set NOMAPAAS_RESOLVERS to IPv4 addresses of name servers and run `nomapaas up`."
            yield wrong(topic, "There is no name server that a dyno could ask.", advice)
        else:
            yield fine(topic, f"Dynos ask {', '.join(resolvers)} for names.")

    def reachability(self) -> Iterator[Finding]:
        """Every part is up and answers."""
        topic = "reachability"
        for part in parts(self._instance):
            if part.ok:
                yield fine(topic, f"{part.name} is {part.state}{f' ({part.detail})' if part.detail else ''}.")
            else:
                log = self._instance.logs / f"{part.name}.log"
                advice = f"Run `nomapaas up`{f'; {log} may say why' if log.exists() else ''}."
                yield wrong(topic, f"{part.name} is {part.state}: {part.detail or 'it does not run'}.", advice)


def vulnerabilities(server: str, used: str) -> Iterator[Finding]:
    """What is publicly known against a version: to look at where we keep it out of reach, wrong where we do not."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", used))
    for each in advisories.known(server, numbers):
        found = f"{server} {used} {each.what} ({each.name})."
        if each.out_of_reach:
            yield warning("versions", found, each.out_of_reach)
        else:
            newest = ".".join(map(str, each.fixed[-1]))
            yield wrong("versions", found, f"Install {server} {newest} or newer, and run `nomapaas up`.")


def _unified() -> bool:
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def _controllers() -> set[str]:
    if _unified():
        names = set(Path("/sys/fs/cgroup/cgroup.controllers").read_text().split())
        return names | {"freezer"}
    rows = [line.split() for line in Path("/proc/cgroups").read_text().splitlines() if not line.startswith("#")]
    return {row[0] for row in rows if row[3] == "1"}


def _processors() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _room(name: str, folder: Path) -> Finding:
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    inodes = os.statvfs(folder)
    found = f"{usage.free >> 30} GB of {usage.total >> 30} GB are free for the {name} ({folder})."
    advice = "Make room: `nomapaas apps:destroy` apps that nobody needs, or give the folder a larger disk."
    if usage.free < _LEAST_BYTES or (inodes.f_files and inodes.f_favail < inodes.f_files * 0.02):
        return wrong("disk", found, advice)
    if usage.free < usage.total * _LEAST_PART:
        return warning("disk", found, advice)
    return fine("disk", found)
