"""A source tarball is hostile input."""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path

import pytest

from buildpacks.slugc import archive
from buildpacks.slugc.exit_codes import BuildError, ExitCode

LIMITS = archive.Limits(entries=100, total_bytes=1000)


def test_files_keep_content_time_and_the_executable_bit(write_tar, tmp_path):
    """What an app is made of arrives."""
    source = write_tar({"./app.py": "print()", "bin/start!": "#!/bin/sh"})

    assert archive.unpack(source, tmp_path / "b", LIMITS) == []

    assert (tmp_path / "b/app.py").read_text() == "print()"
    assert (tmp_path / "b/app.py").stat().st_mtime == 1_000_000_000
    assert not os.access(tmp_path / "b/app.py", os.X_OK)
    assert os.access(tmp_path / "b/bin/start", os.X_OK)


def test_a_lone_top_folder_is_left_out(write_tar, tmp_path):
    """GitHub packs everything below one folder."""
    archive.unpack(write_tar({"repo-1a2b/Procfile": "x", "repo-1a2b/a/b": "y"}), tmp_path / "b", LIMITS)

    assert (tmp_path / "b/Procfile").read_text() == "x"


def test_a_folder_beside_a_file_is_kept(write_tar, tmp_path):
    """Only a folder that is alone is a wrapping."""
    archive.unpack(write_tar({"src/a": "x", "Procfile": "y"}), tmp_path / "b", LIMITS)

    assert (tmp_path / "b/src/a").exists()


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "a/.."])
def test_paths_that_leave_are_refused(write_tar, tmp_path, name):
    """Nothing is written outside."""
    with pytest.raises(BuildError, match="outside of itself") as caught:
        archive.unpack(write_tar({name: "x"}), tmp_path / "b", LIMITS)

    assert caught.value.code == ExitCode.SOURCE_REFUSED


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "../a/../../x"])
def test_links_that_leave_are_not_made_but_reported(write_tar, member, tmp_path, target):
    """The caller refuses them, unless they were in something that is left out anyway."""
    source = write_tar({"Procfile": "x"}, member("a/link", tarfile.SYMTYPE, linkname=target))

    leaving = archive.unpack(source, tmp_path / "b", LIMITS)

    assert not (tmp_path / "b/a/link").is_symlink()
    with pytest.raises(BuildError, match="a link that leaves it, a/link -> "):
        archive.refuse(leaving)


def test_links_inside_stay_links(write_tar, member, tmp_path):
    """Links among an app's own files work."""
    source = write_tar({"a/file": "x", "Procfile": "y"}, member("a/link", tarfile.SYMTYPE, linkname="../Procfile"))

    assert archive.unpack(source, tmp_path / "b", LIMITS) == []
    assert (tmp_path / "b/a/link").read_text() == "y"


def test_no_link_is_followed_while_unpacking(write_tar, member, tmp_path):
    """A link to a folder followed by a file below it writes nothing through the link."""
    source = write_tar({}, member("way", tarfile.SYMTYPE, linkname="."), member("way/file", tarfile.REGTYPE))

    with pytest.raises(BuildError, match="both as a folder and as something else"):
        archive.unpack(source, tmp_path / "b", LIMITS)


def test_hard_links_become_copies_of_files_in_the_source(write_tar, member, tmp_path):
    """Tarballs have them for files that were hard-linked at home."""
    source = write_tar({"a": "x", "c": ""}, member("b", tarfile.LNKTYPE, linkname="a"))

    archive.unpack(source, tmp_path / "b", LIMITS)

    assert (tmp_path / "b/b").read_text() == "x"


@pytest.mark.parametrize("target", ["missing", "/etc/passwd", "../x", "link"])
def test_hard_links_to_anything_else_are_refused(write_tar, member, tmp_path, target):
    """A hard link can name only an earlier file."""
    source = write_tar(
        {"c": ""}, member("link", tarfile.SYMTYPE, linkname="c"), member("b", tarfile.LNKTYPE, linkname=target)
    )

    with pytest.raises(BuildError):
        archive.unpack(source, tmp_path / "b", LIMITS)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_refused(write_tar, member, tmp_path, kind):
    """An app is made of files."""
    with pytest.raises(BuildError, match="a device or pipe, dev,"):
        archive.unpack(write_tar({}, member("dev", kind)), tmp_path / "b", LIMITS)


def test_set_user_id_bits_are_dropped(write_tar, member, tmp_path):
    """Only the executable bit of a mode counts."""
    archive.unpack(write_tar({"x": ""}, member("su", tarfile.REGTYPE, mode=0o6777)), tmp_path / "b", LIMITS)

    assert (tmp_path / "b/su").stat().st_mode & 0o7777 == 0o755 & ~_umask()


def test_a_bomb_of_bytes_is_refused(write_tar, tmp_path):
    """Small when packed, large when unpacked."""
    with pytest.raises(BuildError, match="larger than") as caught:
        archive.unpack(write_tar({"zeros": "0" * 2000}), tmp_path / "b", LIMITS)

    assert caught.value.code == ExitCode.SOURCE_TOO_LARGE


def test_a_bomb_of_entries_is_refused(write_tar, tmp_path):
    """Many files are as bad as large ones."""
    with pytest.raises(BuildError, match="more than 100 files"):
        archive.unpack(write_tar({str(number): "" for number in range(101)}), tmp_path / "b", LIMITS)


@pytest.mark.parametrize("content", [b"", b"no tarball", gzip.compress(b"no tarball")], ids=["empty", "text", "gzip"])
def test_what_is_no_tarball_is_refused(tmp_path, content):
    """The user hears that the upload is broken."""
    (tmp_path / "source.tgz").write_bytes(content)

    with pytest.raises(BuildError, match="not a whole gzipped tarball"):
        archive.unpack(tmp_path / "source.tgz", tmp_path / "b", LIMITS)


def test_a_cut_off_tarball_is_refused(write_tar, tmp_path):
    """Half an app is no app."""
    source = write_tar({"a": os.urandom(300).hex()})
    source.write_bytes(source.read_bytes()[:-200])

    with pytest.raises(BuildError, match="cut off"):
        archive.unpack(source, tmp_path / "b", LIMITS)


def test_a_damaged_header_is_not_the_end(write_tar, tmp_path):
    """What stands behind it is not left out in silence."""
    source = write_tar({"a": "", "b": ""})
    raw = bytearray(gzip.decompress(source.read_bytes()))
    raw[512] ^= 1
    source.write_bytes(gzip.compress(raw))

    with pytest.raises(BuildError, match="not a whole gzipped tarball"):
        archive.unpack(source, tmp_path / "b", LIMITS)


def test_links_that_leave_by_way_of_other_links_are_taken_away(write_tar, member, tmp_path):
    """Its own text seems to stay inside; where it leads in the end counts."""
    up = member("deep/er/up", tarfile.SYMTYPE, linkname="../..")
    source = write_tar({"Procfile": "x"}, up, member("out", tarfile.SYMTYPE, linkname="deep/er/up/.."))

    leaving = archive.unpack(source, tmp_path / "b", LIMITS)

    assert [(str(link.path), link.target) for link in leaving] == [("out", "deep/er/up/..")]
    assert not (tmp_path / "b/out").is_symlink()
    assert (tmp_path / "b/deep/er/up/Procfile").read_text() == "x"


def test_a_lone_folder_of_an_archive_with_a_root_stays(write_tar, member, tmp_path):
    """Such as a site in `public/` and nothing else: what the CLI packs names its own root."""
    source = write_tar({"public/index.html": "x"}, member(".", tarfile.DIRTYPE))
    archive.unpack(source, tmp_path / "b", LIMITS)

    assert (tmp_path / "b" / "public" / "index.html").read_text() == "x"


def test_a_link_leaves_the_lone_top_folder_as_well(write_tar, member, tmp_path):
    """That folder is the source, whatever it is called."""
    source = write_tar({"top/Procfile": "x"}, member("top/out", tarfile.SYMTYPE, linkname="../x"))

    assert [str(link.path) for link in archive.unpack(source, tmp_path / "b", LIMITS)] == ["out"]


def test_a_link_beside_the_lone_top_folder_is_reported(write_tar, member, tmp_path):
    """It was not made, so the folder is alone."""
    source = write_tar({"top/Procfile": "x"}, member("out", tarfile.SYMTYPE, linkname="/etc/passwd"))

    assert [str(link.path) for link in archive.unpack(source, tmp_path / "b", LIMITS)] == ["out"]


@pytest.mark.parametrize("name", ["x" * 256, "y/" * 2000 + "z"])
def test_names_that_no_file_can_have_are_refused(write_tar, tmp_path, name):
    """In a sentence, however deep the folders are."""
    with pytest.raises(BuildError, match="too long for a file"):
        archive.unpack(write_tar({name: "x"}), tmp_path / "b", LIMITS)


def test_folders_in_long_names_are_counted(write_tar, tmp_path):
    """Each takes an inode."""
    with pytest.raises(BuildError, match="more than 100 files"):
        archive.unpack(write_tar({"d/" * 101 + "f": "x"}), tmp_path / "b", LIMITS)


def test_copies_by_hard_links_are_counted(write_tar, member, tmp_path):
    """A small tarball may link to its largest file a thousand times."""
    links = [member(f"b{number}", tarfile.LNKTYPE, linkname="a") for number in range(5)]

    with pytest.raises(BuildError, match="larger than"):
        archive.unpack(write_tar({"a": "0" * 300}, *links), tmp_path / "b", LIMITS)


def test_a_time_at_the_end_of_all_days_is_refused(write_tar, member, tmp_path):
    """Times in a pax header are texts."""
    with pytest.raises(BuildError, match="not a whole gzipped tarball"):
        archive.unpack(
            write_tar({}, member("x", tarfile.REGTYPE, pax_headers={"mtime": "inf"})), tmp_path / "b", LIMITS
        )


def test_a_name_cannot_write_escape_codes_into_the_output(write_tar, member, tmp_path):
    """Names are shown escaped."""
    with pytest.raises(BuildError, match=r"\\x1b\[31mred"):
        archive.unpack(write_tar({}, member("\x1b[31mred", tarfile.FIFOTYPE)), tmp_path / "b", LIMITS)


def test_a_later_entry_replaces_an_earlier_one(write_tar, member, tmp_path):
    """Even a link is replaced, not written through."""
    (tmp_path / "victim").write_text("safe")
    source = write_tar({"b": ""}, member("a", tarfile.SYMTYPE, linkname="b"), member("a", tarfile.REGTYPE))

    archive.unpack(source, tmp_path / "out", LIMITS)

    assert not (tmp_path / "out/a").is_symlink()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def test_the_holder_folder_does_not_stay(write_tar, tmp_path: Path):
    """Unpacking leaves the target and nothing else."""
    archive.unpack(write_tar({"top/a": "x"}), tmp_path / "b", LIMITS)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "source.tgz"]
