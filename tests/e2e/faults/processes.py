"""Processes of the tests' instance."""

from __future__ import annotations

from typing import Any

import psutil


def processes_of(paas: Any, name: str) -> list[psutil.Process]:
    """Those whose command line holds the name: of the instance's own platform jobs and servers, not Nomad's helpers."""
    home = str(paas.instance.home)
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or [])
        ours = home in line or (process.info["environ"] or {}).get("NOMAPAAS_HOME") == home
        if name in line and ours and "executor" not in line and "logmon" not in line and "pytest" not in line:
            found.append(process)
    return found
