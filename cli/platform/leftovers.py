"""What a killed Nomad leaves on a machine: processes, cgroups, networks, mounts, folders. Found by allocation."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil

from cli.platform import files, layout, nomad_helpers
from cli.platform.instance import Instance
from cli.platform.leftover_network import DynoNetworks

_CGROUPS = Path("/sys/fs/cgroup")
_DEEPEST = 4
_ENDING_SECONDS = 10


class Leftovers:
    """Everything on this machine that belongs to one instance's allocations."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._networks = DynoNetworks(instance)
        self._folders = [instance.home / "nomad" / name for name in ("alloc", "alloc_mounts")]

    def allocations(self) -> set[str]:
        """Ids of all allocations of which there is anything: a folder, a helper process, a network."""
        return self.active() | self.folders()

    def cgroups(self, allocations: Collection[str] | None = None) -> Iterator[Path]:
        """Control groups of these allocations, or of all and the instance's own, the deepest first."""
        known = self.allocations() if allocations is None else allocations
        own = {self._instance.cgroup} if allocations is None else set()
        for root, folders, _ in os.walk(_CGROUPS, topdown=False):
            depth = len(Path(root).parts) - len(_CGROUPS.parts)
            if depth < _DEEPEST:
                for folder in folders:
                    if folder.split(".", 1)[0] in known or folder in own:
                        yield Path(root) / folder

    def processes(self) -> list[psutil.Process]:
        """Tasks that run still, and Nomad's helpers for them."""
        helpers = [each.process for each in nomad_helpers.helpers(self._instance.home)]
        return list({each.pid: each for each in [*_members(self.cgroups()), *helpers]}.values())

    def end_processes(self, *, seconds: float) -> int:
        """Thaw what is frozen, ask everything to end, and kill what has not after `seconds`. How many there were."""
        for group in self.cgroups():
            _thaw(group)
        return _end(self.processes(), seconds=seconds)

    def sweep(self) -> None:
        """Remove mounts, cgroups and networks of all allocations. For when Nomad and every dyno has ended."""
        known = self.allocations()
        cgroups = list(self.cgroups())
        layout.release(self._instance.home / "nomad")
        _remove(cgroups)
        for allocation in known:
            self._networks.remove(allocation)
        self._networks.cut_loose_cables()

    def active(self) -> set[str]:
        """Allocations that have a helper process or a network; one that has ended well has neither."""
        helpers = {each.allocation for each in nomad_helpers.helpers(self._instance.home) if each.allocation}
        return helpers | self._networks.allocations()

    def folders(self) -> set[str]:
        """Allocations that have a folder."""
        return {entry.name for folder in self._folders if folder.is_dir() for entry in folder.iterdir()}

    def end(self, allocations: Collection[str]) -> int:
        """End all processes and networks of these, while Nomad and the others live. How many processes there were."""
        helpers = nomad_helpers.helpers(self._instance.home)
        dead = [each.process for each in helpers if each.allocation in allocations]
        dead += [each.process for each in nomad_helpers.superseded(helpers)]
        cgroups = list(self.cgroups(allocations))
        for group in cgroups:
            _thaw(group)
        ended = _end([*dead, *_members(cgroups)], seconds=_ENDING_SECONDS)
        _remove(cgroups)
        for allocation in allocations:
            self._networks.remove(allocation)
        self._networks.cut_loose_cables()
        return ended

    def forget(self, allocations: Collection[str]) -> None:
        """Remove the folders of these with their mounts."""
        for path in [folder / allocation for folder in self._folders for allocation in allocations]:
            layout.release(path)
            files.remove_tree(path)


def _members(cgroups: Iterator[Path] | list[Path]) -> list[psutil.Process]:
    pids: set[int] = set()
    for group in cgroups:
        with contextlib.suppress(OSError):
            pids |= {int(word) for word in (group / "cgroup.procs").read_text().split()}
    found = []
    for pid in pids - {0, os.getpid()}:
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(pid))
    return found


def _thaw(group: Path) -> None:
    """A frozen process does not even die of SIGKILL."""
    for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
        with contextlib.suppress(OSError):
            (group / name).write_text(word)


def _end(processes: list[psutil.Process], *, seconds: float) -> int:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return len(processes)


def _remove(cgroups: list[Path]) -> None:
    for group in cgroups:
        with contextlib.suppress(OSError):
            group.rmdir()
