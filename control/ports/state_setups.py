"""App setups in the platform's state."""

from __future__ import annotations

from typing import Protocol

from control.domain.app_setups import AppSetup


class AppSetups(Protocol):
    """App setups."""

    def add(self, setup: AppSetup, /) -> None: ...
    def get(self, setup_id: str, /) -> AppSetup | None: ...
