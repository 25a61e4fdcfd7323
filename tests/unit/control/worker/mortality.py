"""Ports whose caller dies before a chosen call."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from control.ports.bundle import Ports


class Killed(BaseException):
    """SIGKILL: nothing in the code under test may catch it."""


@dataclass
class Fate:
    """Counts calls, and strikes before one of them."""

    strikes_at: int | None = None
    calls: list[str] = field(default_factory=list)

    def pass_by(self, call: str) -> None:
        self.calls.append(call)
        if len(self.calls) == self.strikes_at:
            raise Killed(call)


class Mortal:
    """A port whose every call may be the last one."""

    def __init__(self, port: Any, name: str, fate: Fate) -> None:
        self._port, self._name, self._fate = port, name, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._fate.pass_by(f"{self._name}.{name}")
            return found(*args, **kwargs)

        return call


class MortalState(Mortal):
    """Of the state, beginning and committing are calls; what happens between them is undone anyway."""

    def begin(self) -> Any:
        self._fate.pass_by("state.begin")
        return MortalUnitOfWork(self._port.begin(), self._fate)

    def hold(self, key: str) -> AbstractContextManager[bool]:
        return self._port.hold(key)  # type: ignore[no-any-return]


class MortalUnitOfWork:
    def __init__(self, unit: Any, fate: Fate) -> None:
        self._unit, self._fate = unit, fate

    def __enter__(self) -> Any:
        self._unit.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._unit.__exit__(*exc_info)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    def commit(self) -> None:
        self._fate.pass_by("state.commit")
        self._unit.commit()


def mortal(ports: Ports, fate: Fate) -> Ports:
    wrapped = {name: Mortal(getattr(ports, name), name, fate) for name in ("scheduler", "vault", "catalog", "blobs")}
    return replace(
        ports, **wrapped, node=Mortal(ports.node, "node", fate), state=MortalState(ports.state, "state", fate)
    )
