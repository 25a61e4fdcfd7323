"""Processes that stand still for a while."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

import psutil

_PATIENCE_S = 5


@contextlib.contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Stopped by SIGSTOP as long as this lasts, whatever happens.

    It begins when all of them have stopped: one that has not had the processor yet can still be chosen by the kernel
    to take the next connection, which then nobody takes.
    """
    assert pids
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        deadline = time.monotonic() + _PATIENCE_S
        while not all(_stands_still(pid) for pid in pids):
            assert time.monotonic() < deadline, "A process goes on after SIGSTOP."
            threading.Event().wait(0.001)
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _stands_still(pid: int) -> bool:
    try:
        threads = psutil.Process(pid).threads()
        return all(psutil.Process(thread.id).status() == psutil.STATUS_STOPPED for thread in threads)
    except psutil.NoSuchProcess:
        return False
