"""What a killed Nomad leaves on a machine: processes, cgroups, network namespaces, mounts. Found by allocation."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from cli.platform import layout
from cli.platform.commands import attempt
from cli.platform.instance import Instance

_CGROUPS = Path("/sys/fs/cgroup")
_NAMESPACES = Path("/var/run/netns")
_CNI_RESULTS = Path("/var/lib/cni/results")
_DEEPEST = 4


class Leftovers:
    """Everything on this machine that belongs to one instance's allocations."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._allocs = instance.home / "nomad" / "alloc"

    def allocations(self) -> set[str]:
        """Ids of the allocations that have a folder."""
        try:
            return {entry.name for entry in self._allocs.iterdir()}
        except FileNotFoundError:
            return set()

    def cgroups(self) -> Iterator[Path]:
        """Control groups of the allocations, the deepest first."""
        known = self.allocations()
        own = self._instance.cgroup
        for root, folders, _ in os.walk(_CGROUPS, topdown=False):
            depth = len(Path(root).parts) - len(_CGROUPS.parts)
            if depth < _DEEPEST:
                for folder in folders:
                    if folder.split(".", 1)[0] in known or folder == own:
                        yield Path(root) / folder

    def processes(self) -> list[psutil.Process]:
        """Tasks that run still, and Nomad's helpers for them."""
        pids: set[int] = set()
        for group in self.cgroups():
            with contextlib.suppress(OSError):
                pids |= {int(word) for word in (group / "cgroup.procs").read_text().split()}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                helper = len(words) > 1 and words[1] in {"executor", "logmon"}
                if helper and any(f"{self._allocs}/" in word for word in words[1:]):
                    pids.add(process.pid)
        found = []
        for pid in pids - {0, os.getpid()}:
            with contextlib.suppress(psutil.Error):
                found.append(psutil.Process(pid))
        return found

    def end_processes(self, *, seconds: float) -> int:
        """Thaw what is frozen, ask everything to end, and kill what has not after `seconds`. How many there were."""
        for group in self.cgroups():
            for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
                with contextlib.suppress(OSError):
                    (group / name).write_text(word)
        processes = self.processes()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        _, alive = psutil.wait_procs(processes, timeout=seconds)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=5)
        return len(processes)

    def sweep(self) -> None:
        """Remove mounts, cgroups, network namespaces and addresses of allocations that have ended."""
        known = self.allocations()
        cgroups = list(self.cgroups())
        layout.release(self._instance.home / "nomad")
        for group in cgroups:
            with contextlib.suppress(OSError):
                group.rmdir()
        for name in known:
            if (_NAMESPACES / name).exists():
                attempt(["ip", "netns", "delete", name])
        for folder, prefix in ((_CNI_RESULTS, "nomapaas-"), (self._instance.home / "cni-leases" / "nomapaas", "10.")):
            if folder.is_dir():
                for path in folder.iterdir():
                    if path.name.startswith(prefix) and any(alloc in _text(path) for alloc in known):
                        path.unlink(missing_ok=True)


def _text(path: Path) -> str:
    try:
        return f"{path.name} {path.read_text(errors='replace')}"
    except OSError:
        return path.name
