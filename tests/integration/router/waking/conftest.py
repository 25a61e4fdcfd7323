"""An edge whose app sleeps: real nginx, and a server that plays the control API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.router.control_api import ControlApi
from tests.integration.router.waking.night import HOST, TOKEN, Night


@pytest.fixture
def pool():
    with ThreadPoolExecutor(120) as threads:
        yield threads


@pytest.fixture
def control(waking_edge):
    """The control API that the edge asks."""
    started = ControlApi(int(waking_edge.settings.control.rsplit(":", 1)[1]))
    yield started
    started.close()


@pytest.fixture(scope="module")
def waking_edge(edge, free_ports):
    """An edge with two workers whose control API is the test's, and whose times are short."""
    own = type(edge)(
        NOMAPAAS_ROUTER_CONTROL=f"127.0.0.1:{free_ports(1)[0]}",
        NOMAPAAS_ROUTER_WORKERS="2",
        NOMAPAAS_ROUTER_BOOT_TIMEOUT="4",
        NOMAPAAS_ROUTER_WAITING_PAGE="0.8",
        NOMAPAAS_ROUTER_HELD_OF_APP="100",
        NOMAPAAS_ROUTER_HELD="120",
    )
    token = own.settings.control_token
    token.parent.mkdir(parents=True)
    token.write_text(TOKEN + "\n")
    yield own
    own.close()


@pytest.fixture
def night(waking_edge, table, control):
    """One app sleeps."""
    table._edge = waking_edge
    waking_edge.forget_lines()
    app_id = table.app(HOST, state="idle")
    table.push()
    return Night(waking_edge, table, control, app_id)
