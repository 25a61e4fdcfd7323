"""Official releases: only with the right checksum, only what is asked for."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.platform import release
from cli.platform.problem import Problem
from cli.platform.servers import SERVERS, Server

Publish = Callable[..., bytes]
CNI = next(server for server in SERVERS if server.name == "cni")


def fetch(server: Server, url: str, folder: Path) -> None:
    folder.mkdir()
    release.download(server, url, "amd64", folder, tick=lambda _: None)


def test_a_release_with_the_right_checksum_is_unpacked(
    releases: tuple[str, Path], publish: Publish, consul: Server, tmp_path: Path
) -> None:
    """The program alone, executable."""
    program = publish()

    fetch(consul, releases[0], tmp_path / "new")

    assert (tmp_path / "new" / "consul").read_bytes() == program
    assert (tmp_path / "new" / "consul").stat().st_mode & 0o777 == 0o755
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == ["consul"]


def test_a_wrong_checksum_installs_nothing(
    releases: tuple[str, Path], publish: Publish, consul: Server, tmp_path: Path
) -> None:
    """The sentence shows both sums and what to do; no byte of the archive stays."""
    publish(sums="ab" * 32)

    with pytest.raises(Problem, match=r"instead of abab.*NOMAPAAS_RELEASES_URL=none"):
        fetch(consul, releases[0], tmp_path / "new")

    assert list((tmp_path / "new").iterdir()) == []


def test_a_release_without_a_checksum_is_refused(
    releases: tuple[str, Path], publish: Publish, consul: Server, tmp_path: Path
) -> None:
    """A list of sums that does not name the file proves nothing."""
    publish(sums=f"{'ab' * 32}  something_else.zip\n")

    with pytest.raises(Problem, match="names no SHA-256"):
        fetch(consul, releases[0], tmp_path / "new")


def test_an_archive_without_the_program_is_refused(
    releases: tuple[str, Path], publish: Publish, consul: Server, tmp_path: Path
) -> None:
    """And nothing that it has instead is used."""
    publish(names=("../consul", "LICENSE.txt"))

    with pytest.raises(Problem, match="could not be unpacked"):
        fetch(consul, releases[0], tmp_path / "new")

    assert not (tmp_path / "consul").exists()


def test_a_missing_release_says_which_url(releases: tuple[str, Path], consul: Server, tmp_path: Path) -> None:
    """And how to do without."""
    url, _ = releases

    with pytest.raises(Problem, match=r"consul_.*could not be downloaded.*404"):
        fetch(consul, url, tmp_path / "new")


def test_the_plugins_come_from_a_tarball(releases: tuple[str, Path], tmp_path: Path) -> None:
    """By name, as plain files; a link of that name is not followed."""
    url, folder = releases
    place = folder / f"v{CNI.version}"
    place.mkdir()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("./bridge", "./loopback", "./host-local", "./README.md"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"prog"))
    file = f"cni-plugins-linux-amd64-v{CNI.version}.tgz"
    (place / file).write_bytes(packed.getvalue())
    (place / f"{file}.sha256").write_text(f"{hashlib.sha256(packed.getvalue()).hexdigest()}  {file}\n")

    fetch(CNI, url, tmp_path / "new")

    assert sorted(entry.name for entry in (tmp_path / "new").iterdir()) == ["bridge", "host-local", "loopback"]


def test_a_mirror_can_be_named_and_releases_turned_off(consul: Server) -> None:
    """One variable for both."""
    assert release.base_url(consul, {}) == "https://releases.hashicorp.com"
    assert release.base_url(consul, {"NOMAPAAS_RELEASES_URL": "http://mirror/x/"}) == "http://mirror/x"
    assert release.base_url(consul, {"NOMAPAAS_RELEASES_URL": "none"}) is None
    with pytest.raises(Problem, match="NOMAPAAS_RELEASES_URL"):
        release.base_url(consul, {"NOMAPAAS_RELEASES_URL": "ftp://mirror"})


def test_a_server_without_official_releases_is_built() -> None:
    """MinIO publishes source alone."""
    minio = next(server for server in SERVERS if server.name == "minio")

    assert release.base_url(minio, {"NOMAPAAS_RELEASES_URL": "http://mirror"}) is None


def test_reachability_is_decided_by_whether_anybody_answers(releases: tuple[str, Path]) -> None:
    """A refused connection is a no, within the probe's time."""
    url, _ = releases

    assert release.reachable(url)
    assert not release.reachable("http://127.0.0.1:1")
