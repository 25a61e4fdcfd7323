"""Which stacks one instance has, and which version of each its dynos run on.

`HOME/stacks/NAME` is a link to a version in the cache, and Nomad's host volumes lead through that link. So a switch to
another version disturbs nobody: a dyno that runs keeps what was mounted, and one that starts sees the new version.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.platform import files, stack
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.stack import Stack

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What an instance remembers of one stack."""

    version: str
    before: str | None = None
    """What `stacks:rollback` goes back to."""
    held: bool = False
    """An operator went back to it: `up` leaves it so, until the next `stacks:upgrade`."""


class InstanceStacks:
    """The stacks of one instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._file = instance.etc / "stacks.json"
        self._links = instance.home / "stacks"

    def prepare(self, say: Say) -> list[Stack]:
        """Every stack on the version that it is to have, built where it is missing. Raises StackError."""
        return [self._settle(name, say) for name in self._instance.stacks]

    def _settle(self, name: str, say: Say) -> Stack:
        chosen = self.chosen(name)
        kept = self.find(name, chosen.version) if chosen else None
        if chosen and kept and (chosen.held or stack.is_up_to_date(kept)):
            self._point(kept)
            return kept
        newest = stack.ensure_stack(self._instance.cache, name, say=say)
        self.choose(newest)
        return newest

    def chosen(self, name: str) -> Chosen | None:
        """What is remembered of a stack; None before its first `up`."""
        found = files.read_json(self._file).get(name)
        return Chosen(**found) if found else None

    def find(self, name: str, version: str) -> Stack | None:
        """A version that is in the cache."""
        return next((each for each in self.versions(name) if each.version == version), None)

    def versions(self, name: str) -> list[Stack]:
        """All versions of a stack in the cache, oldest first."""
        return stack.versions(self._instance.cache, name)

    def current(self) -> list[Stack]:
        """The version that each stack is on. Raises Problem where `up` never came so far."""
        found = []
        for name in self._instance.stacks:
            chosen = self.chosen(name)
            kept = self.find(name, chosen.version) if chosen else None
            if kept is None:
                raise Problem(f"Stack {name} is not there; run `nomapaas up`, which makes it.")
            found.append(kept)
        return found

    def choose(self, new: Stack, *, held: bool = False) -> None:
        """Let dynos that start from now on run on this version."""
        chosen = self.chosen(new.name)
        before = chosen.version if chosen and chosen.version != new.version else chosen.before if chosen else None
        self.remember(new, Chosen(version=new.version, before=before, held=held))

    def remember(self, new: Stack, chosen: Chosen) -> None:
        """The same, with all that is remembered of it. The link is last: `up` sets it to what is remembered."""
        known: dict[str, Any] = files.read_json(self._file)
        files.write_json(self._file, known | {new.name: dataclasses.asdict(chosen)}, mode=0o644)
        self._point(new)

    def _point(self, version: Stack) -> None:
        files.directory(self._links)
        files.link(self._links / version.name, version.run.parent)

    def host_volumes(self, version: Stack) -> dict[str, Path]:
        """Name and folder of each read-only Nomad host volume: `stack-nomapaas-13-run-usr` and so on."""
        link, whole = self._links / version.name, version.run.parent.resolve()
        return {name: link / path.relative_to(whole) for name, path in version.host_volumes().items()}
