"""Slugs are hostile input."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from control.worker.slug_check import Limits, SlugRejected, check, spool

LIMITS = Limits(compressed=1 << 20, unpacked=4 << 20, entries=50)


def _slug(*members: tarfile.TarInfo, content: bytes = b"") -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for member in members:
            if member.isreg():
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return file


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = link
    return member


def test_a_plain_slug_passes() -> None:
    """Files, folders, symbolic links anywhere and hard links inside are what builds leave."""
    slug = _slug(
        _member("./app", tarfile.DIRTYPE),
        _member("./app/web.py"),
        _member("./app/python", tarfile.SYMTYPE, "/usr/bin/python3"),
        _member("./app/twin.py", tarfile.LNKTYPE, "./app/web.py"),
        content=b"print()",
    )

    check(slug, LIMITS)


@pytest.mark.parametrize(
    "member",
    [
        _member("/app/x"),
        _member("./app/../../etc/passwd"),
        _member("./etc/passwd"),
        _member("x"),
        _member("./app/null", tarfile.CHRTYPE),
        _member("./app/disk", tarfile.BLKTYPE),
        _member("./app/pipe", tarfile.FIFOTYPE),
        _member("./app/shadow", tarfile.LNKTYPE, "etc/shadow"),
        _member("./app/shadow", tarfile.LNKTYPE, "/etc/shadow"),
        _member("./app/shadow", tarfile.LNKTYPE, "app/../etc/shadow"),
        _member(f"./app/{'x' * 256}"),
    ],
)
def test_what_is_not_below_app_is_refused(member: tarfile.TarInfo) -> None:
    """No absolute name, no `..`, no device, no link that begins outside."""
    with pytest.raises(SlugRejected, match="The slug holds"):
        check(_slug(member), LIMITS)


def test_too_many_entries_are_refused() -> None:
    """The count is bounded before anything is unpacked."""
    slug = _slug(*(_member(f"./app/{number}") for number in range(51)))

    with pytest.raises(SlugRejected, match="more than 50 files"):
        check(slug, LIMITS)


def test_folders_in_long_names_are_counted() -> None:
    """Each takes an inode of the dyno's disk."""
    with pytest.raises(SlugRejected, match="more than 50 files"):
        check(_slug(_member("./app/" + "d/" * 50 + "f")), LIMITS)


def test_a_file_of_one_hole_is_refused() -> None:
    """It counts with what it says it has."""
    member = _member("./app/hole")
    member.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 40)}

    with pytest.raises(SlugRejected, match="unpacks to more than 4 MB"):
        check(_slug(member), LIMITS)


def test_what_other_readers_read_otherwise_is_refused() -> None:
    """GNU tar, which the dyno has, takes a file with a slash at its end for a folder, and its content for members."""
    with pytest.raises(SlugRejected, match="of which readers differ"):
        check(_slug(_member("./app/x/"), content=b"content"), LIMITS)

    link = _member("./app/x", tarfile.SYMTYPE, "y")
    link.size = 512
    with pytest.raises(SlugRejected, match="of which readers differ"):
        check(_slug(link), LIMITS)


def test_a_size_beyond_any_disk_is_refused_at_once() -> None:
    """Python would count to that number."""
    raw = bytearray(gzip.decompress(_slug(_member("./app/x")).getvalue()))
    raw[124:136] = b"\x80" + b"\x7f" * 11
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])

    with pytest.raises(SlugRejected, match="unpacks to more than 4 MB"):
        check(io.BytesIO(gzip.compress(raw[:512])), LIMITS)


def test_a_damaged_header_is_not_the_end() -> None:
    """The dyno's tar would go on behind it, with members that were never checked."""
    raw = bytearray(gzip.decompress(_slug(_member("./app/x"), _member("./app/y")).getvalue()))
    raw[512] ^= 1

    with pytest.raises(SlugRejected, match="not a gzipped tar"):
        check(io.BytesIO(gzip.compress(raw)), LIMITS)


def test_a_bomb_is_refused() -> None:
    """What unpacks to more than its limit is found out while it is read."""
    slug = _slug(_member("./app/zeros"), content=bytes(5 << 20))

    assert slug.getbuffer().nbytes < 1 << 16
    with pytest.raises(SlugRejected, match="unpacks to more than 4 MB"):
        check(slug, LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not tar" * 1000),
        _slug(_member("./app/x"), content=bytes(1000)).getvalue()[:-20],
        _slug(_member("./app/x")).getvalue() + b"more",
    ],
    ids=["empty", "not gzip", "not tar", "cut off", "more behind"],
)
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    """Truncated, trailing or foreign bytes are an error and never a crash."""
    with pytest.raises(SlugRejected, match="not a gzipped tar"):
        check(io.BytesIO(data), LIMITS)


def test_an_oversize_slug_stops_at_the_limit() -> None:
    """No more than the limit is ever written, and the sentence says what to do."""
    file = io.BytesIO()

    with pytest.raises(SlugRejected, match=r"larger than 1 MB; leave out .* \.slugignore"):
        spool([bytes(1 << 19)] * 4, file, LIMITS)
    assert file.getbuffer().nbytes <= LIMITS.compressed


def test_a_slug_is_digested_as_it_comes() -> None:
    """Size and SHA-256 are those of the bytes that were kept."""
    spooled = spool([b"a", b"bc"], io.BytesIO(), LIMITS)

    assert spooled.size == 3
    assert spooled.sha256.startswith("ba7816bf")
