"""The worker's own collection of garbage."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from control.errors import Conflict
from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.services.garbage import CollectGarbage
from control.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Collector:
    """Collects garbage now and then."""

    ports: Ports
    settings: Settings

    def tick(self) -> None:
        """Collect, unless somebody is at it, or a part does not answer: the next time comes."""
        try:
            CollectGarbage(ports=self.ports, settings=self.settings)(None, dry_run=False)
        except (Conflict, PortError) as exc:
            log.warning("collector.waits", reason=str(exc))
