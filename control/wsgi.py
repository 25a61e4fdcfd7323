"""gunicorn's entry: `control.wsgi:app`, or `control.wsgi:create()`. Importing this module does nothing.

`app` is made when it is first asked for, so that tests and tools can import the module without a platform.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from flask import Flask

from control.api.context import EXTENSION, Platform
from control.app import create_app
from control.bootstrap import bootstrap, open_state
from control.observe import configure_logging
from control.services.site import site_of
from control.settings import Settings
from jobs.spec import Site


def create() -> Flask:
    """Make the API from the environment, with the database's schema up to date."""
    configure_logging()
    settings = Settings.from_env()
    state = open_state(settings)
    state.migrate()
    state.close()
    app = create_app(bootstrap(settings), settings, site=_site(settings))
    _close_streams_on_sigterm(app)
    return app


def _site(settings: Settings) -> Site | None:
    """Where jobs run; None where no dynos can, because `nomapaas up` has made no user for them."""
    try:
        return site_of(settings)
    except KeyError:
        return None


def _close_streams_on_sigterm(app: Flask) -> None:
    """End open streams before gunicorn waits for them; clients take them up again with the next process."""
    if threading.current_thread() is not threading.main_thread():
        return
    platform: Platform = app.extensions[EXTENSION]
    gunicorns = signal.getsignal(signal.SIGTERM)

    def close(number: int, frame: FrameType | None) -> None:
        platform.closing.set()
        if callable(gunicorns):
            gunicorns(number, frame)

    signal.signal(signal.SIGTERM, close)


def __getattr__(name: str) -> Any:
    if name == "app":
        return create()
    raise AttributeError(name)
