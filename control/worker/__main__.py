"""The worker process: `python -m control.worker`."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack

import structlog

from control.bootstrap import bootstrap, open_issuer
from control.observe import configure_logging
from control.ports.bundle import Ports
from control.ports.state import StateStore
from control.services import holds
from control.services.site import site_of
from control.settings import Settings
from control.worker import loops
from control.worker.acm import Acm
from control.worker.attend import Attend
from control.worker.build_queue import BuildQueue
from control.worker.builds import Builder
from control.worker.certificates import Certificates
from control.worker.collector import Collector
from control.worker.crew import Crew
from control.worker.loops import Loop
from control.worker.oneoffs import Oneoffs
from control.worker.reconcile import Reconcile
from control.worker.replacer import Replacer
from control.worker.sleeper import Sleeper
from control.worker.stack_roll import StackRoll
from control.worker.wakes import Wakes

log = structlog.get_logger()

_APPS_AT_ONCE = 16
_APPS_OF_ONE_OWNER = 8
"""Of those at once: somebody all of whose apps are stuck leaves the others as many hands."""
_ONEOFFS_AT_ONCE = 8
"""How many are looked at at the same moment; any number of them may run."""
_STAND_BY_S = 1
_ACM_S = 5
_REPLACE_S = 2
_WAKES_S = 1
"""Between looks at apps that were woken. Nobody waits for it: it only tells a boot that failed."""


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
    apps = Crew("app", _APPS_AT_ONCE, for_one=_APPS_OF_ONE_OWNER)
    attend = Attend(ports=ports, settings=settings, site=site, crew=apps)
    reconcile = Reconcile(ports=ports, settings=settings, roll=StackRoll(ports=ports, settings=settings))
    wakes = Wakes(ports=ports, settings=settings)
    sleeper = Sleeper(ports=ports, settings=settings)
    replacer = Replacer(ports=ports, settings=settings)
    oneoffs = Oneoffs(ports=ports, settings=settings, site=site, crew=Crew("oneoff", _ONEOFFS_AT_ONCE))

    certificates = Certificates(ports=ports, settings=settings)

    every = [
        loops.queue("builds", ports.state, builds.tick),
        loops.queue("attend", ports.state, attend.tick),
        loops.queue("oneoffs", ports.state, oneoffs.tick),
        Loop(name="certificates", look=certificates.tick, interval=settings.reconcile_interval),
        Loop(name="reconcile", look=reconcile.tick, interval=settings.reconcile_interval),
        Loop(name="wakes", look=wakes.tick, interval=_WAKES_S),
        Loop(name="replacer", look=replacer.tick, interval=_REPLACE_S),
        Loop(name="sleeper", look=sleeper.tick, interval=settings.sleep_interval),
    ]
    if issuer := open_issuer(settings, ports.vault):
        acm = Acm(ports=ports, issuer=issuer)
        every.append(Loop(name="acm", look=acm.tick, interval=_ACM_S))
    if settings.collect_interval:
        collect = Collector(ports=ports, settings=settings)
        every.append(Loop(name="collect", look=collect.tick, interval=settings.collect_interval, at_once=False))
    log.info("worker.ready", max_builds=settings.max_builds)
    loops.run(every, stop)


if __name__ == "__main__":
    main()
