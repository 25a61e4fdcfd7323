"""The worker process: `python -m control.worker`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import structlog

from control.bootstrap import bootstrap
from control.observe import configure_logging
from control.settings import Settings
from control.worker.attend import Attend
from control.worker.builds import Builder, BuildQueue
from control.worker.crew import Crew
from control.worker.reconcile import Reconcile
from control.worker.site import site_of
from control.worker.stack_roll import StackRoll

log = structlog.get_logger()

_LOOK_S = 0.1
"""Between looks at the queues: what a user waits for at most before the worker has heard of a change."""

_APPS_AT_ONCE = 16


def main() -> None:
    """Run until SIGTERM."""
    configure_logging()
    settings = Settings.from_env()
    ports = bootstrap(settings)
    site = site_of(settings)
    builds = BuildQueue(
        ports=ports,
        crew=Crew("build", settings.max_builds),
        builder=Builder(ports=ports, settings=settings, site=site),
    )
    attend = Attend(ports=ports, settings=settings, site=site, crew=Crew("app", _APPS_AT_ONCE))
    reconcile = Reconcile(ports=ports, settings=settings, roll=StackRoll(ports=ports, settings=settings))

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    loops = [
        threading.Thread(target=_loop, args=(builds.tick, _LOOK_S, stop), name="builds", daemon=True),
        threading.Thread(target=_loop, args=(attend.tick, _LOOK_S, stop), name="attend", daemon=True),
        threading.Thread(
            target=_loop, args=(reconcile.tick, settings.reconcile_interval, stop), name="reconcile", daemon=True
        ),
    ]
    for loop in loops:
        loop.start()
    log.info("worker.ready", max_builds=settings.max_builds)
    stop.wait()
    log.info("worker.stops")


def _loop(tick: Callable[[], None], interval: float, stop: threading.Event) -> None:
    """Call `tick` for ever; an error in one look is logged and the next look comes all the same."""
    while not stop.is_set():
        try:
            tick()
        except Exception:
            log.exception("worker.tick", loop=threading.current_thread().name)
            stop.wait(1)
        stop.wait(interval)


if __name__ == "__main__":
    main()
