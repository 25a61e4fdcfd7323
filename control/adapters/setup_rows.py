"""App setups over SQL."""

from __future__ import annotations

from control.adapters import setup_tables as tables
from control.adapters.state_rows import Rows
from control.domain.app_setups import AppSetup


class AppSetupRows(Rows[AppSetup]):
    """App setups."""

    table = tables.app_setups
    record = AppSetup
