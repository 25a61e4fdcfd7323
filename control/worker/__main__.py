"""The worker process: `python -m control.worker`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack

import structlog

from control.bootstrap import bootstrap
from control.observe import configure_logging
from control.ports.bundle import Ports
from control.ports.state import StateStore
from control.services import holds
from control.settings import Settings
from control.worker.attend import Attend
from control.worker.build_queue import BuildQueue
from control.worker.builds import Builder
from control.worker.collector import Collector
from control.worker.crew import Crew
from control.worker.oneoffs import Oneoffs
from control.worker.reconcile import Reconcile
from control.worker.site import site_of
from control.worker.stack_roll import StackRoll

log = structlog.get_logger()

_LOOK_S = 0.1
"""Between looks at the queues: what a user waits for at most before the worker has heard of a change."""

_APPS_AT_ONCE = 16
_ONEOFFS_AT_ONCE = 8
"""How many are looked at at the same moment; any number of them may run."""
_STAND_BY_S = 1


def main() -> None:
    """Run until SIGTERM."""
    configure_logging()
    settings = Settings.from_env()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    ports = bootstrap(settings)
    with ExitStack() as held:
        if not settings.several_workers:
            _await_turn(ports.state, held, stop)
        _work(ports, settings, stop)
    log.info("worker.stops")


def _await_turn(state: StateStore, held: ExitStack, stop: threading.Event) -> None:
    """On SQLite there is one worker: a second one stands by and takes over when the first ends, however it ends."""
    while not held.enter_context(state.hold(holds.WORKER)):
        log.info("worker.stands_by")
        held.close()
        if stop.wait(_STAND_BY_S):
            return


def _work(ports: Ports, settings: Settings, stop: threading.Event) -> None:
    """Start every loop, and come back when it is time to stop."""
    site = site_of(settings)
    builds = BuildQueue(
        ports=ports,
        crew=Crew("build", settings.max_builds),
        builder=Builder(ports=ports, settings=settings, site=site),
    )
    attend = Attend(ports=ports, settings=settings, site=site, crew=Crew("app", _APPS_AT_ONCE))
    reconcile = Reconcile(ports=ports, settings=settings, roll=StackRoll(ports=ports, settings=settings))
    oneoffs = Oneoffs(ports=ports, settings=settings, site=site, crew=Crew("oneoff", _ONEOFFS_AT_ONCE))

    loops = [
        threading.Thread(target=_loop, args=(builds.tick, _LOOK_S, stop), name="builds", daemon=True),
        threading.Thread(target=_loop, args=(attend.tick, _LOOK_S, stop), name="attend", daemon=True),
        threading.Thread(target=_loop, args=(oneoffs.tick, _LOOK_S, stop), name="oneoffs", daemon=True),
        threading.Thread(
            target=_loop, args=(reconcile.tick, settings.reconcile_interval, stop), name="reconcile", daemon=True
        ),
    ]
    if settings.collect_interval:
        collect = Collector(ports=ports, settings=settings)
        loops.append(
            threading.Thread(
                target=_loop, args=(collect.tick, settings.collect_interval, stop), name="collect", daemon=True
            )
        )
    for loop in loops:
        loop.start()
    log.info("worker.ready", max_builds=settings.max_builds)
    stop.wait()


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
