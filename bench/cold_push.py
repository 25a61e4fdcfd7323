"""A first push against what one would do by hand: a new venv, `pip install`, start; measured in turn."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import deploys
from bench.measure import Row, ratio
from bench.site import Site

ROUNDS = 5
LIMIT = 1.5


def measure(say: Callable[[str], None]) -> list[Row]:
    """A new app each round, so that nothing of the round before is cached for it."""
    site = Site()
    values, baselines = [], []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            source = deploys.copy_to(Path(folder))
            baselines.append(_by_hand(source, Path(folder) / "venv"))
            with site.app() as app:
                values.append(deploys.push_and_wait(site, app, source, f"v{number}"))
        say(f"  {number + 1}/{ROUNDS}: push {values[-1]:.2f} s, by hand {baselines[-1]:.2f} s")
    return [ratio("cold_push", values, baselines, unit="s", limit=LIMIT)]


def _by_hand(source: Path, venv: Path) -> float:
    """Seconds for venv, pip install without a cache, and gunicorn until it accepts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.monotonic()
    subprocess.run(["python3", "-m", "venv", str(venv)], check=True)
    install = [str(venv / "bin" / "pip"), "install", "-q", "--no-cache-dir", "-r", "requirements.txt"]
    subprocess.run(install, cwd=source, check=True)
    command = [str(venv / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "app:app"]
    with subprocess.Popen(command, cwd=source, env=os.environ, stderr=subprocess.DEVNULL) as server:
        while not _accepts(port):
            time.sleep(0.01)
        seconds = time.monotonic() - started
        server.terminate()
    return seconds


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
