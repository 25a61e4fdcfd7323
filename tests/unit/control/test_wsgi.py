"""gunicorn's entry and the composition root."""

from __future__ import annotations

import gc
import importlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from control import wsgi
from control.settings import SettingsError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home as `nomapaas up` leaves it; no server is there."""
    secrets = {
        "nomad_addr": "http://127.0.0.1:9",
        "nomad_token": "x",
        "consul_addr": "http://127.0.0.1:9",
        "consul_token": "x",
        "vault_addr": "http://127.0.0.1:9",
        "vault_role_id": "x",
        "vault_secret_id": "x",
        "minio_endpoint": "http://127.0.0.1:9",
        "minio_public_endpoint": "http://127.0.0.1:9",
        "minio_access_key": "access",
        "minio_secret_key": "secret-key",
        "signing_secret": "00",
        "node_socket": str(tmp_path / "node.sock"),
    }
    (tmp_path / "control.json").write_text(json.dumps(secrets))
    monkeypatch.setenv("NOMAPAAS_HOME", str(tmp_path))
    monkeypatch.setenv("NOMAPAAS_SECRETS_FILE", str(tmp_path / "control.json"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'state.db'}")
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)
    structlog.reset_defaults()


# httpcore leaves the socket of a refused connection to a unix socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("entry", ["app", "create"])
def test_the_api_comes_up_without_its_servers(home: Path, entry: str) -> None:
    """The API starts while every server is away, makes its database, and says what is missing."""
    app = wsgi.app if entry == "app" else wsgi.create()

    health = app.test_client().get("/health")

    assert health.status_code == 503
    assert {part for part, found in health.json["parts"].items() if found["ok"]} == {"database"}
    assert (home / "state.db").exists()
    gc.collect()  # now, under this test's filter, and not in the middle of another test


def test_sigterm_ends_streams_and_goes_on(home: Path) -> None:
    """SIGTERM reaches gunicorn's handler after the streams were told to end."""
    seen: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    app = wsgi.create()

    signal.raise_signal(signal.SIGTERM)

    assert seen == [signal.SIGTERM]
    assert app.extensions["nomapaas"].closing.is_set()


def test_without_secrets_it_says_what_to_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its secrets file the API does not start, and says who makes it."""
    monkeypatch.setenv("NOMAPAAS_SECRETS_FILE", str(home / "none.json"))

    with pytest.raises(SettingsError, match="run `nomapaas up`"):
        wsgi.create()


def test_importing_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module can be imported with settings that cannot be used, and has no other lazy names."""
    monkeypatch.setenv("NOMAPAAS_PORT_BASE", "nonsense")
    monkeypatch.delitem(sys.modules, "control.wsgi")

    module = importlib.import_module("control.wsgi")

    with pytest.raises(AttributeError):
        _ = module.nothing
