"""What the rows that deploy share: an app whose version can be asked for."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from bench.site import Site

SOURCE = Path(__file__).parent / "pushed" / "flask"


def copy_to(folder: Path, source: Path = SOURCE) -> Path:
    """A copy of the app that may be changed."""
    return Path(shutil.copytree(source, folder / "app"))


def push_and_wait(site: Site, app: str, source: Path, version: str) -> float:
    """Seconds from the start of `push` until the new version has answered through the router."""
    (source / "version.txt").write_text(version)
    started = time.monotonic()
    site.run("push", "--app", app, cwd=source)
    while (answer := site.get(app)).status_code != 200 or answer.text != version:
        time.sleep(0.01)
    return time.monotonic() - started
