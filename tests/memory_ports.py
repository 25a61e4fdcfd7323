"""All ports in memory, for who needs a control plane and no control over its parts."""

from __future__ import annotations

from control.adapters.memory import (
    ManualClock,
    MemoryBlobs,
    MemoryCatalog,
    MemoryEdge,
    MemoryNode,
    MemoryScheduler,
    MemoryVault,
)
from control.adapters.memory_state import MemoryState
from control.ports.bundle import Ports


def memory_ports() -> Ports:
    """New ones, where nothing has happened yet."""
    catalog = MemoryCatalog()
    return Ports(
        scheduler=MemoryScheduler(),
        vault=MemoryVault(),
        catalog=catalog,
        blobs=MemoryBlobs(),
        node=MemoryNode(),
        edge=MemoryEdge(catalog),
        clock=ManualClock(),
        state=MemoryState(),
    )
