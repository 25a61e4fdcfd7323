"""What nomapaas itself keeps in memory, beside the bare servers that it stands on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from bench.measure import Row, ratio
from bench.site import Site

ROUNDS = 3
LIMIT = 0.5
HOME = os.environ.get("NOMAPAAS_HOME", "/var/lib/nomapaas")

SERVERS: Mapping[str, str] = {
    "consul": "consul agent",
    "vault": "vault server",
    "minio": "minio server",
    "nomad's server": "/nomad/server.hcl",
    "nomad's client": "/nomad/client.hcl",
}
"""By words of their command lines."""

OURS: Mapping[str, str] = {
    "supervisord": "supervisor.supervisord",
    "unsealer": "cli.platform.unseal",
    "node agent": "control.node",
    "control API": "gunicorn --bind",
    "worker": "control.worker",
    "edge": "nginx: ",
    "consul-template": "consul-template",
}
"""All that `nomapaas up` adds, and that is there without any app. Nomad's helpers count on neither side."""

HELPERS = ("nomad logmon", "nomad executor")


def measure(say: Callable[[str], None]) -> list[Row]:
    """Resident memory of both, in turn, with one app on the air."""
    site = Site()
    with site.app() as app:
        site.run("push", "--app", app, "--dir", str(Path(__file__).parent / "pushed" / "flask"))
        rounds = [(_megabytes(OURS), _megabytes(SERVERS)) for _ in range(ROUNDS)]
    for name, found in (("ours", rounds[-1][0]), ("servers", rounds[-1][1])):
        say(f"  {name}: " + ", ".join(f"{part} {size:.0f}" for part, size in found.items()))
    ours, servers = ([sum(each.values()) for each in side] for side in zip(*rounds, strict=True))
    return [ratio("memory", ours, servers, unit="MB", limit=LIMIT)]


def _megabytes(parts: Mapping[str, str]) -> dict[str, float]:
    """Resident megabytes of each part's processes; a page that several share counts once in all (PSS, proc(5)).

    Raises SystemExit for a part that has none.
    """
    found = dict.fromkeys(parts, 0.0)
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if any(word in line for word in HELPERS) or not _is_ours(process, line):
                continue
            resident = process.memory_full_info().pss / (1 << 20)
        except psutil.Error:
            continue
        for part, words in parts.items():
            if words in line:
                found[part] += resident
                break
    missing = [part for part, size in found.items() if not size]
    if missing:
        raise SystemExit(f"There is no process of {', '.join(missing)} in {HOME}; run `nomapaas up`.")
    return found


def _is_ours(process: psutil.Process, line: str) -> bool:
    """A process of this instance; nginx' workers say nothing themselves, but their master does."""
    if f"{HOME}/" in line or process.environ().get("NOMAPAAS_HOME") == HOME:
        return True
    parent = process.parent()
    return line.startswith("nginx: worker") and parent is not None and f"{HOME}/" in " ".join(parent.cmdline())
