"""Putting a backup into an empty platform.

The whole file is read and checked before anything is changed. Slugs and config versions come first and the state last,
in one unit of work: whoever is killed before that has changed nothing that anybody sees, and may begin again.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, BinaryIO

from control.domain.builds import BuildStatus
from control.errors import Conflict
from control.ports.bundle import Ports
from control.ports.clock import Clock
from control.ports.state import StateStore, UnitOfWork
from control.ports.state_archive import StateArchive
from control.services import holds
from control.services.actor import record
from control.services.backup import CERTIFICATES, CONFIG, KNOWN_FORMATS, MANIFEST, PLATFORM, SECRETS, SLUGS, STATE, SUMS
from jobs import names

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MEMBER = re.compile(
    rf"manifest\.json|state\.db|secrets\.json|platform\.json|sums\.json|{CONFIG}/({_UUID})\.json|"
    rf"{SLUGS}/({_UUID})/([0-9a-f]{{64}})\.tgz|{CERTIFICATES}/({_UUID})\.json"
)
_PIECE = 1 << 20
_LOST = "The platform was restored from a backup that was made while this ran; start it again."


class BackupRejected(Exception):
    """The file is no whole backup of a known format; the message is a sentence."""


def inspect(file: BinaryIO) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Read the whole file and return its manifest and its secrets. Raises BackupRejected."""
    sums: dict[str, str] = {}
    small: dict[str, Any] = {}
    with _members(file) as members:
        for member, content in members:
            if _MEMBER.fullmatch(member.name) is None or not member.isreg() or member.name in sums:
                raise BackupRejected(f"The backup holds {member.name!r:.80}, which does not belong there.")
            read = _digest if member.name.startswith((f"{SLUGS}/", STATE)) else _read_json
            sums[member.name], small[member.name] = read(content)
    promised = small.get(SUMS)
    if not isinstance(promised, dict) or promised != {name: sum_ for name, sum_ in sums.items() if name != SUMS}:
        raise BackupRejected("The backup is not whole: its end is missing, or something in it was changed.")
    manifest, secrets = small.get(MANIFEST), small.get(SECRETS)
    if not isinstance(manifest, dict) or not isinstance(secrets, dict) or manifest.get("format") not in KNOWN_FORMATS:
        raise BackupRejected("The backup has a format that this version of nomapaas does not know; use a newer one.")
    return manifest, secrets


def demand_empty(state: StateStore) -> None:
    """Raise Conflict where there are apps, or people besides the admin that `up` makes."""
    with state.view() as work:
        apps = len(work.apps.list()) + len(work.apps.destroyed())
        people = len(work.accounts.list())
    if apps or people > 1:
        raise Conflict(
            f"This platform has {apps} apps and {people} accounts, and a backup replaces everything; restore it into "
            "an empty one (`nomapaas down --purge` empties this one)."
        )


@dataclass(frozen=True, kw_only=True)
class Restore:
    """Loads a backup that `inspect` has passed."""

    ports: Ports
    archive: StateArchive

    def __call__(self, file: BinaryIO, *, say: Callable[[str], None]) -> None:
        """Load it. Raises BackupRejected, Conflict, PortError."""
        with self.ports.state.hold(holds.UPKEEP) as alone, tempfile.TemporaryDirectory() as folder:
            if not alone:
                raise Conflict("The platform is being cleaned up or backed up already; try again when that is done.")
            demand_empty(self.ports.state)
            path = Path(folder) / STATE
            with _members(file) as members:
                for member, content in members:
                    self._load(member.name, content, state=path, say=say)
            with self.archive.open(path) as copy, copy.begin() as work:
                _wake(work, self.ports.clock)
                work.commit()
            self.archive.load_from(path)

    def _load(self, name: str, content: IO[bytes], *, state: Path, say: Callable[[str], None]) -> None:
        match = _MEMBER.fullmatch(name)
        if name == STATE:
            with state.open("wb") as out:
                shutil.copyfileobj(content, out, _PIECE)
        elif name == PLATFORM:
            self._keep_platform(json.loads(content.read()))
        elif match and match[1]:
            say(f"config vars of {match[1]}")
            for version, values in json.loads(content.read()).items():
                self.ports.vault.write(match[1], int(version), values)
        elif match and match[4]:
            say(f"certificates of {match[4]}")
            for pair_name, pair in json.loads(content.read()).items():
                endpoint, _, version = pair_name.partition("/")
                self.ports.vault.write_certificate(match[4], endpoint, int(version), **pair)
        elif match and match[2]:
            say(f"slug {match[3][:12]}")
            self.ports.blobs.write(names.SLUGS_BUCKET, names.slug_key(match[2], match[3]), _pieces(content))

    def _keep_platform(self, secrets: Mapping[str, Mapping[str, str]]) -> None:
        """The platform's own; where the zone is another one now, its new authority and key stay."""
        here = self.ports.vault.platform_secret(names.AUTHORITY_PATH)
        there = secrets.get(names.AUTHORITY_PATH)
        moved = here is not None and there is not None and here["domain"] != there["domain"]
        for path, values in secrets.items():
            if not (moved and path in {names.AUTHORITY_PATH, names.ZONE_PATH}):
                self.ports.vault.keep_platform_secret(path, values)


def _wake(work: UnitOfWork, clock: Clock) -> None:
    """Let the worker bring every app up anew; what ran when the backup was made runs nowhere now."""
    now = clock.now()
    for app in work.apps.list():
        work.apps.applied(app.id, generation=0, modify_index=0)
        work.apps.touch(app.id)
    for build in work.builds.pending():
        ended = replace(build, status=BuildStatus.FAILED, failure_message=_LOST, updated_at=now)
        work.builds.save(ended)
        work.outputs.append(build.id, f" !     {_LOST}\n")
    for oneoff in work.oneoffs.running():
        work.oneoffs.save(replace(oneoff, ended_at=now, updated_at=now, reason=_LOST))
    record(work, now=now, action="platform.restore", detail="from a backup", actor_id=None)


@contextmanager
def _members(file: BinaryIO) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            yield ((member, tar.extractfile(member) or _nothing()) for member in tar)
    except (tarfile.TarError, EOFError) as exc:
        raise BackupRejected("This file is no backup of nomapaas, or it was cut off.") from exc


def _nothing() -> IO[bytes]:
    raise BackupRejected("The backup holds something that is no file.")


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    yield from iter(lambda: content.read(_PIECE), b"")


def _digest(content: IO[bytes]) -> tuple[str, None]:
    digest = hashlib.sha256()
    for piece in _pieces(content):
        digest.update(piece)
    return digest.hexdigest(), None


def _read_json(content: IO[bytes]) -> tuple[str, Any]:
    data = content.read()
    try:
        return hashlib.sha256(data).hexdigest(), json.loads(data)
    except ValueError as exc:
        raise BackupRejected("Something in the backup is not JSON; the file was changed.") from exc
