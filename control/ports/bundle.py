"""All ports of one running process, chosen once in `control.bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass

from control.ports.blobs import BlobStore
from control.ports.catalog import Catalog
from control.ports.clock import Clock
from control.ports.edge import Edge
from control.ports.node import Node
from control.ports.scheduler import Scheduler
from control.ports.state import StateStore
from control.ports.vault import ConfigVault


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Every adapter."""

    scheduler: Scheduler
    vault: ConfigVault
    catalog: Catalog
    blobs: BlobStore
    node: Node
    edge: Edge
    clock: Clock
    state: StateStore
