"""Gives hostile archives to both of our readers and looks around afterwards: `unpack_many SEED COUNT FOLDER`.

A process of its own, so that the memory it took at most can be told. Prints a JSON object: counts by outcome, escapes
and crashes with the archive that made them.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from buildpacks.slugc import archive
from buildpacks.slugc.exit_codes import BuildError
from control.worker import slug_check
from control.worker.slug_check import SlugRejected
from tests.campaign.archives import Maker
from tests.campaign.memory import peak_mb

SOURCE_LIMITS = archive.Limits(entries=1000, total_bytes=4 << 20)
SLUG_LIMITS = slug_check.Limits(compressed=4 << 20, unpacked=4 << 20, entries=1000)
_NOBODY = 65534
_MOST_MEMORY = 1 << 30
"""Of address space: a reader that wants more fails here and not on the machine."""


class Box:
    """A folder with something to lose, `canary`, beside the one that archives are unpacked in, `work`."""

    def __init__(self, root: Path) -> None:
        self.canary = root / "canary"
        self.work = root / "work"
        self.canary.mkdir()
        self.canary.chmod(0o777)  # whoever gets there may write, so that an escape shows
        (self.canary / "secret").write_text("as it was")
        (self.canary / "secret").chmod(0o666)
        self._root = root
        self._before = self._seen()

    @contextlib.contextmanager
    def emptied(self) -> Iterator[Path]:
        """The empty folder to work in; it is gone afterwards."""
        self.work.mkdir()
        self.work.chmod(0o777)
        try:
            yield self.work
        finally:
            shutil.rmtree(self.work)

    def touched(self) -> list[str]:
        """What has changed outside of `work`."""
        now = self._seen()
        return sorted(str(path) for path in now.keys() | self._before.keys() if now.get(path) != self._before.get(path))

    def _seen(self) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for path in (self.canary, *self.canary.iterdir(), *(each for each in self._root.iterdir())):
            if path == self.work:
                continue
            status = path.lstat()
            links = status.st_nlink if stat.S_ISREG(status.st_mode) else 0
            found[str(path)] = (status.st_mode, links, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        return found


def faults(root: Path) -> list[str]:
    """What an unpacked source must not hold: devices, set-id bits, second names of files, links that leave."""
    found = []
    real = os.path.realpath(root)
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118 - names that are no text stay as they are
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                if not (os.path.realpath(path) + "/").startswith(f"{real}/"):
                    found.append(f"link that leaves: {path!r}")
            elif not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                found.append(f"neither file nor folder: {path!r}")
            elif status.st_mode & 0o7022:
                found.append(f"mode {status.st_mode:o}: {path!r}")
            elif stat.S_ISREG(status.st_mode) and status.st_nlink != 1:
                found.append(f"hard link: {path!r}")
    return found


def as_source(box: Box, packed: bytes) -> tuple[str, list[str]]:
    """What a build makes of it: the outcome, and what is wrong with that."""
    with box.emptied() as work:
        (work / "source.tgz").write_bytes(packed)
        try:
            leaving = archive.unpack(work / "source.tgz", work / "source", SOURCE_LIMITS)
            archive.refuse(leaving)
        except BuildError as exc:
            return ("source refused" if str(exc).endswith(".") else "source refused without a sentence"), []
        return "source unpacked", faults(work / "source")


def as_slug(box: Box, packed: bytes) -> tuple[str, list[str]]:
    """What the worker makes of it, and a dyno of what the worker lets through."""
    try:
        slug_check.check(io.BytesIO(packed), SLUG_LIMITS)
    except SlugRejected:
        return "slug refused", []
    with box.emptied() as work:
        # As buildpacks/runner/boot does, but in a folder instead of a root of its own.
        subprocess.run(
            [*("tar", "--extract", "--gzip", "--file=-", "--no-same-owner", "--delay-directory-restore"),
             f"--directory={work}"],
            input=packed, user=_NOBODY, group=_NOBODY, extra_groups=[], capture_output=True, check=False,
        )  # fmt: skip
        strays = [path.name for path in work.iterdir() if path.name != "app"]
        # A dyno may leave folders that it cannot enter.
        subprocess.run(["chmod", "-R", "u+rwX", str(work)], capture_output=True, check=False)
    return "slug accepted", [f"outside of ./app/: {name!r}" for name in strays]


def _encoded(packed: bytes) -> str:
    return base64.b64encode(packed).decode()


def main(seed: int, count: int, folder: Path) -> dict[str, object]:
    """Try so many archives."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    os.umask(0o022)
    folder.chmod(0o755)
    random = Random(seed)  # noqa: S311 - a repeatable one
    box = Box(folder)
    maker = Maker(random, box.canary)
    counts: Counter[str] = Counter()
    escapes: list[str] = []
    crashes: list[str] = []
    for _ in range(count):
        packed = maker.archive()
        for attempt in (as_source, as_slug):
            try:
                outcome, wrong = attempt(box, packed)
            except Exception as exc:  # noqa: BLE001 - that is what is looked for
                outcome, wrong = f"{attempt.__name__} crashed", []
                crashes.append(f"{attempt.__name__}: {exc!r:.300}: {_encoded(packed)}")
            counts[outcome] += 1
            escapes += [f"{outcome}: {each}: {_encoded(packed)}" for each in (*wrong, *box.touched())]
    return {"counts": counts, "escapes": escapes, "crashes": crashes, "peak_mb": peak_mb()}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))  # noqa: T201
