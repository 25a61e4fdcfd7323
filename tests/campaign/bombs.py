"""Archives that are small or legal to look at and that want all the memory, disk, inodes or time: `bombs SCALE FOLDER`.

Gives each to both of our readers, in a process of its own so that its memory can be told, and prints what they made of
it as JSON. A scale of 1 is the real thing against the real limits; 0.01 has a hundredth of both.
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from buildpacks.slugc import archive
from buildpacks.slugc.exit_codes import BuildError
from control.worker import slug_check
from control.worker.slug_check import SlugRejected
from tests.campaign.archives import BLOCK, header
from tests.campaign.memory import peak_mb

_END = bytes(2 * BLOCK)
_ZEROS = bytes(1 << 20)


def many_entries(count: int) -> Iterator[bytes]:
    """As many empty files as it takes, in folders of a thousand."""
    yield header(b"./app/", b"5", 0)
    for at in range(0, count, 1000):
        yield b"".join(header(b"./app/f%d/x%d" % (at // 1000, number), b"0", 0) for number in range(at, at + 1000))
    yield _END


def many_folders(count: int) -> Iterator[bytes]:
    """Few entries with long names, of which each asks for a hundred folders."""
    for number in range(count // 100):
        name = b"./app/%d/" % number + b"d/" * 99 + b"f"
        yield header(b"././@LongLink", b"L", len(name)) + name.ljust(BLOCK, b"\0") + header(name, b"0", 0)
    yield _END


def zeros(size: int) -> Iterator[bytes]:
    """One file, which packs a thousandfold."""
    yield header(b"./app/zeros", b"0", size)
    for _ in range(size // len(_ZEROS)):
        yield _ZEROS
    yield _END


def behind_the_end(size: int) -> Iterator[bytes]:
    """The same, where nobody looks any more."""
    yield header(b"./app/x", b"0", 0) + _END
    for _ in range(size // len(_ZEROS)):
        yield _ZEROS


def liar() -> Iterator[bytes]:
    """A header that promises more than there are bytes on earth, and nothing behind it."""
    block = bytearray(header(b"./app/x", b"0", 0))
    block[124:136] = b"\x80" + b"\x7f" * 11
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    yield bytes(block)


def long_header(kind: bytes, size: int) -> Iterator[bytes]:
    """A header about the next header that fills the memory."""
    yield header(b"././@LongLink", kind, size)
    for _ in range(size // len(_ZEROS)):
        yield b"x" * len(_ZEROS)
    yield header(b"./app/x", b"0", 0) + _END


def chained_headers(count: int) -> Iterator[bytes]:
    """Headers about headers about headers."""
    record = b"11 a=bcdef\n".ljust(BLOCK, b"\0")
    for _ in range(count):
        yield header(b"./app/pax", b"g", 11) + record
    yield header(b"./app/x", b"0", 0) + _END


def many_fields(count: int) -> Iterator[bytes]:
    """Fields for all members, more of them before each."""
    for number in range(count):
        record = b"%d=" % number + b"v" * 400
        record = b"%d %s\n" % (len(record) + 5, record)
        yield header(b"./app/pax", b"g", len(record)) + record.ljust(BLOCK, b"\0")
        yield header(b"./app/x%d" % number, b"0", 0)
    yield _END


def holes(blocks: int) -> Iterator[bytes]:
    """GNU's sparse file, whose list of holes goes on and on."""
    first = bytearray(header(b"./app/sparse", b"S", BLOCK))
    first[257:265] = b"ustar  \0"
    for at in range(386, 386 + 4 * 24, 24):
        first[at : at + 24] = b"00000000001\x0000000000001\0"
    first[482] = 1
    first[483:495] = b"77777777777\0"
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    yield bytes(first)
    more = (b"00000000001\x0000000000001\0" * 21 + b"\1").ljust(BLOCK, b"\0")
    for _ in range(blocks // 1000):
        yield more * 1000


def hollow(size: int) -> Iterator[bytes]:
    """A file that is nothing but a hole, larger than any disk."""
    fields = {b"GNU.sparse.map": b"0,1", b"GNU.sparse.size": b"%d" % size}
    records = b"".join(_record(name, value) for name, value in fields.items())
    yield header(b"./app/pax", b"x", len(records)) + records.ljust(BLOCK, b"\0")
    yield header(b"./app/hollow", b"0", 1) + b"x".ljust(BLOCK, b"\0") + _END


def long_list_of_holes(size: int) -> Iterator[bytes]:
    """The newer sparse file, whose list lies in front of its content."""
    fields = {b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.realsize": b"1"}
    records = b"".join(_record(name, value) for name, value in fields.items())
    yield header(b"./app/pax", b"x", len(records)) + records.ljust(BLOCK, b"\0")
    yield header(b"./app/hollow", b"0", size) + b"99999999\n".ljust(BLOCK, b"1")
    for _ in range(size // len(_ZEROS)):
        yield b"1" * len(_ZEROS)


def _record(name: bytes, value: bytes) -> bytes:
    length = len(name) + len(value) + 3
    length += len(b"%d" % (length + 2))
    return b"%d %s=%s\n" % (length, name, value)


def all_bombs(scale: float) -> dict[str, Callable[[], Iterator[bytes]]]:
    """By name; made while they are written."""
    million, gigabytes = int(1_000_000 * scale), int((4 << 30) * scale)
    return {
        "a million entries": lambda: many_entries(million),
        "a million folders in long names": lambda: many_folders(million),
        "gigabytes of zeros": lambda: zeros(gigabytes),
        "gigabytes behind the end": lambda: behind_the_end(gigabytes),
        "a size beyond any disk": liar,
        "a name of gigabytes": lambda: long_header(b"L", gigabytes),
        "a pax header of gigabytes": lambda: long_header(b"x", gigabytes),
        "a global header of gigabytes": lambda: long_header(b"g", gigabytes),
        "a chain of headers": lambda: chained_headers(million // 10),
        "fields without end": lambda: many_fields(million // 10),
        "a list of holes without end": lambda: holes(million * 4),
        "a file of one hole": lambda: hollow(1 << 45),
        "a newer list of holes without end": lambda: long_list_of_holes(gigabytes),
    }


def main(scale: float, folder: Path) -> list[dict[str, object]]:
    """Throw each at both."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    os.umask(0o022)
    found = []
    for name, pieces in all_bombs(scale).items():
        packed = folder / "bomb.tgz"
        with gzip.open(packed, "wb", compresslevel=1) as file:
            for piece in pieces():
                file.write(piece)
        for reader in (_source, _slug):
            began = time.monotonic()
            said = reader(packed, scale)
            took = round(time.monotonic() - began, 2)
            found.append({"bomb": name, "reader": reader.__name__.strip("_"), "said": said, "seconds": took})
    return [
        *found,
        {"bomb": "a dictionary of gigabytes", "reader": "source", "said": _dictionary(folder), "seconds": 0},
    ]


def _source(packed: Path, scale: float) -> str:
    target = packed.with_name("source")
    limits = archive.Limits(entries=int(200_000 * scale), total_bytes=int((2 << 30) * scale))
    try:
        archive.unpack(packed, target, limits)
    except BuildError as exc:
        return str(exc)
    finally:
        for left in (target, target.with_name("source.unpacked")):
            shutil.rmtree(left, ignore_errors=True)
    return "unpacked"


def _slug(packed: Path, scale: float) -> str:
    most = int((500 << 20) * scale)
    limits = slug_check.Limits(compressed=most, unpacked=most << 2, entries=int(400_000 * scale))
    try:
        with packed.open("rb") as file:
            slug_check.check(file, limits)
    except SlugRejected as exc:
        return str(exc)
    return "accepted"


def _dictionary(folder: Path) -> str:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    packed = bytearray(lzma.compress(header(b"x", b"0", 0) + _END, format=lzma.FORMAT_XZ, filters=filters))
    packed[12 + 4] = 40  # the block's header: LZMA2 with a dictionary of 4 GB
    (folder / "bomb.tgz").write_bytes(packed)
    return _source(folder / "bomb.tgz", 1)


if __name__ == "__main__":
    results = main(float(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"results": results, "peak_mb": peak_mb()}))  # noqa: T201
