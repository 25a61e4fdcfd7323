"""A backup: one tar with the state, the config vars, the slugs and what the platform shows who it is with.

    manifest.json                 version of this format, when, how much
    state.db                      all rows, as a SQLite file
    secrets.json                  the signing secret, and what the caller added
    platform.json                 {"PATH": {"NAME": "value"}}: the authority, the zone's key, accounts at ACME servers
    config/APP.json               {"VERSION": {"NAME": "value"}}
    certificates/APP.json         {"ENDPOINT/VERSION": {"chain": "PEM", "private_key": "PEM"}}
    slugs/APP/SHA256.tgz
    sums.json                     SHA-256 of each member by name; last, so that a backup that was cut off has none

The state is copied first. Config versions and slugs are never changed once written, so they may be read afterwards, and
as collections of garbage are kept out meanwhile, all that the state names is still there.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from control.domain.apps import App
from control.errors import Conflict
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.ports.state_archive import StateArchive
from control.services import holds
from jobs import names

FORMAT = 3
KNOWN_FORMATS = (1, 2, FORMAT)
"""Backups without certificates, or without the platform's own secrets, are taken as well."""
MANIFEST, STATE, SECRETS, SUMS = "manifest.json", "state.db", "secrets.json", "sums.json"
PLATFORM = "platform.json"
CONFIG, CERTIFICATES, SLUGS = "config", "certificates", "slugs"
_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Backup:
    """Writes one."""

    ports: Ports
    archive: StateArchive

    def __call__(self, out: BinaryIO, secrets: Mapping[str, Any], *, say: Callable[[str], None]) -> dict[str, Any]:
        """Write the whole backup to a stream, and return its manifest. Raises Conflict, PortError."""
        with self.ports.state.hold(holds.UPKEEP) as alone, tempfile.TemporaryDirectory() as folder:
            if not alone:
                raise Conflict("The platform is being cleaned up or backed up already; try again when that is done.")
            path = Path(folder) / STATE
            self.archive.save_to(path)
            with self.archive.open(path) as copy, copy.view() as work:
                return self._write(_Tar(out), work, path, secrets, say)

    def _write(
        self, tar: _Tar, work: UnitOfWork, state: Path, secrets: Mapping[str, Any], say: Callable[[str], None]
    ) -> dict[str, Any]:
        apps = work.apps.list()
        manifest = {"format": FORMAT, "created_at": self.ports.clock.now().isoformat(), "apps": len(apps)}
        tar.add_json(MANIFEST, manifest)
        with state.open("rb") as file:
            tar.add(STATE, state.stat().st_size, iter(lambda: file.read(_PIECE), b""))
        tar.add_json(SECRETS, secrets)
        tar.add_json(PLATFORM, self._platform())
        for number, app in enumerate(apps, 1):
            say(f"app {number} of {len(apps)}, {app.name}")
            tar.add_json(f"{CONFIG}/{app.id}.json", self._config(work, app))
            tar.add_json(f"{CERTIFICATES}/{app.id}.json", self._certificates(work, app))
            for digest in sorted({slug.sha256 for slug in work.slugs.list(app.id) if slug.sha256}):
                self._add_slug(tar, app, digest)
        tar.close()
        return manifest

    def _platform(self) -> dict[str, Mapping[str, str]]:
        found = {path: self.ports.vault.platform_secret(path) for path in self.ports.vault.list_platform_secrets()}
        return {path: values for path, values in found.items() if values is not None}

    def _config(self, work: UnitOfWork, app: App) -> dict[str, dict[str, str]]:
        """Versions that a release names; one that was collected as garbage already is no loss."""
        wanted = {release.config_version for release in work.releases.list(app.id)}
        there = wanted.intersection(self.ports.vault.list_versions(app.id))
        return {str(version): self.ports.vault.read(app.id, version) for version in sorted(there)}

    def _certificates(self, work: UnitOfWork, app: App) -> dict[str, Mapping[str, str]]:
        """The pairs that rows name; one that was replaced since the state was copied is no loss."""
        read = self.ports.vault.read_certificate
        rows = [(each.id, each.version) for each in work.sni_endpoints.list(app.id)]
        found = {f"{endpoint}/{version}": read(app.id, endpoint, version) for endpoint, version in rows}
        return {name: pair for name, pair in found.items() if pair is not None}

    def _add_slug(self, tar: _Tar, app: App, digest: str) -> None:
        key = names.slug_key(app.id, digest)
        stat = self.ports.blobs.stat(names.SLUGS_BUCKET, key)
        if stat is not None:
            tar.add(f"{SLUGS}/{key}", stat.size, self.ports.blobs.read(names.SLUGS_BUCKET, key))


@dataclass
class _Tar:
    """A tar that is only ever appended to, and remembers the digest of all that went in."""

    out: BinaryIO
    sums: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tar = tarfile.open(fileobj=self.out, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by close

    def add_json(self, name: str, value: Any) -> None:
        data = json.dumps(value, sort_keys=True).encode()
        self.add(name, len(data), iter([data]))

    def add(self, name: str, size: int, pieces: Iterator[bytes]) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        source = _Hashed(pieces)
        self._tar.addfile(member, cast("Any", source))
        self.sums[name] = source.hexdigest()

    def close(self) -> None:
        self.add_json(SUMS, dict(self.sums))
        self._tar.close()


class _Hashed(io.RawIOBase):
    """Pieces as a file to read from, and their digest."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        cut = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:cut], self._rest[cut:]
        self._digest.update(taken)
        return taken

    def hexdigest(self) -> str:
        return self._digest.hexdigest()
