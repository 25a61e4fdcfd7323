"""Floods, each in a process of its own that ends by itself. They begin only where the limits are that stop them."""

import contextlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

_MOST_DISK = 2 << 30
_REFUSALS = 50
_REPORT = Path("/tmp/flood.json")
_running = 0


def begin(kind: str, seconds: float) -> str:
    global _running
    if resource.getrlimit(resource.RLIMIT_NPROC)[1] > 4096 or os.getuid() < 300_000:
        return "There is no limit here: this is no dyno."
    _REPORT.unlink(missing_ok=True)
    _running = os.fork()
    if _running == 0:
        os.setsid()
        signal.alarm(int(seconds) + 5)
        try:
            done = FLOODS[kind](time.monotonic() + seconds)
            _REPORT.write_text(json.dumps(done))
        finally:
            os.killpg(0, signal.SIGKILL)
    return "begun"


def ended() -> object:
    """None while it lasts; then what it says, or how it was killed."""
    global _running
    if not _running:
        return {}
    pid, status = os.waitpid(_running, os.WNOHANG)
    if pid == 0:
        return None
    _running = 0
    return json.loads(_REPORT.read_text()) if _REPORT.exists() else {"killed": status}


def bomb(until: float) -> dict:
    """Everybody forks and everybody spins, all the time."""
    return fork(until, refusals=1 << 62)


def fork(until: float, refusals: int = _REFUSALS) -> dict:
    """The same, until it has been refused a few times."""
    reader, writer = os.pipe()
    failed = 0
    while time.monotonic() < until and (failed < refusals or os.getpid() != os.getsid(0)):
        try:
            if os.fork() == 0:
                signal.alarm(int(until - time.monotonic()) + 2)
                os.write(writer, b"x")
        except OSError:
            failed += 1
    if os.getpid() != os.getsid(0):
        os._exit(0)
    os.set_blocking(reader, False)
    made = 0
    with contextlib.suppress(BlockingIOError):
        while more := os.read(reader, 1 << 16):
            made += len(more)
    return {"made": made, "refused": failed}


def spin(until: float) -> dict:
    """As many spinning processes as a machine could have processors."""
    for _ in range(16):
        if os.fork() == 0:
            while time.monotonic() < until:
                pass
            os._exit(0)
    time.sleep(max(0.0, until - time.monotonic()))
    return {}


def memory(until: float) -> dict:
    """More and more, touched; the kernel ends it."""
    held = []
    while time.monotonic() < until and len(held) < 4096:
        held.append(b"x" * (8 << 20))
    return {"megabytes": 8 * len(held)}


def disk(until: float) -> dict:
    """Taken first and written then: a slow disk must not leave the limit untried."""
    written = 0
    block = os.urandom(1 << 20)
    try:
        with open("/tmp/flood.bin", "wb", buffering=0) as file:
            for place in range(0, _MOST_DISK, 1 << 20):
                os.posix_fallocate(file.fileno(), place, 1 << 20)
            while time.monotonic() < until and written < _MOST_DISK:
                written += file.write(block)
        time.sleep(max(0.0, until - time.monotonic()))
    finally:
        with contextlib.suppress(OSError):
            os.unlink("/tmp/flood.bin")
    return {"megabytes": written >> 20}


def files(until: float) -> dict:
    """Empty files: they take no room that a measure of bytes would see."""
    made = 0
    os.makedirs("/tmp/flood", exist_ok=True)
    while time.monotonic() < until and made < 2_000_000:
        os.close(os.open(f"/tmp/flood/{made}", os.O_CREAT | os.O_WRONLY))
        made += 1
    return {"files": made}


def log(until: float) -> dict:
    line = b"flood " * 20 + b"\n"
    lines = 0
    while time.monotonic() < until:
        sys.stdout.buffer.write(line * 100)
        lines += 100
    sys.stdout.buffer.flush()
    return {"lines": lines}


FLOODS = {each.__name__: each for each in (bomb, fork, spin, memory, disk, files, log)}
