"""Hostile tarballs: made of the worst members there are, then damaged at random.

A header whose checksum is wrong is only ever refused for that, so most of the damage is followed by a new checksum.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path
from random import Random

BLOCK = 512
_CHECKSUM = slice(148, 156)
_KINDS = (
    tarfile.REGTYPE,
    tarfile.AREGTYPE,
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.FIFOTYPE,
    tarfile.CONTTYPE,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.GNUTYPE_SPARSE,
    b"D",  # GNU: a folder's listing
    b"M",  # GNU: a file that goes on from another volume
    b"V",  # GNU: a volume's label
    b"?",
)
_FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
_FIELDS = (slice(0, 100), slice(100, 108), slice(124, 136), slice(136, 148), slice(156, 157), slice(157, 257))
_FIELD_WEIGHTS = (3, 1, 3, 1, 4, 4)
_NUMBERS = (
    b"00000001000\0",
    b"00000000001\0",
    b"\xff" * 12,
    b"\x80" + b"\xff" * 11,
    b"77777777777\0",
    b"-0000000001\0",
    b"\x80" + bytes(11),
    b"\0" * 12,
)
_PAX = (
    {"mtime": "inf"},
    {"mtime": "nan"},
    {"mtime": "1e400"},
    {"size": "99999999999999999999"},
    {"size": "-1"},
    {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1099511627776"},
    {"GNU.sparse.map": "0,1,9999999999,1", "GNU.sparse.size": "99999999999"},
    {"path": "../" * 8 + "canary/pax"},
    {"linkpath": "/etc/passwd"},
    {"hdrcharset": "BINARY", "path": "a\udcff"},
    {"uid": "-5", "gid": "99999999999999999999"},
)


class Maker:
    """Makes one hostile archive after the other; `canary` is the folder that they try to reach."""

    def __init__(self, random: Random, canary: Path) -> None:
        self._random = random
        outside = str(canary)
        self._names = (
            *(
                "a",
                "b",
                "a/b",
                "a/b/c",
                "a/b/c/d",
                "link",
                "link/x",
                "link/x/y",
                "Procfile",
                ".",
                "",
                "/",
                "//",
                "a//b",
            ),
            *(
                ".slugignore",
                "a/..",
                "..",
                "../..",
                "../canary/hit",
                "a/../../canary/hit",
                f"{outside}/hit",
                "../" * 20,
            ),
            *(f"{outside}/secret", "../canary/secret", "../../canary/secret", "link/secret", "link/hit", "\x1b[2Jx"),
            *(
                "x" * 256,
                "y/" * 300 + "z",
                "z" * 5000,
                "new\nline",
                "\udcff\udcfe",
                "\u202egnp",
                "C:\\x",
                "~root/x",
                "-rf",
            ),
        )

    def archive(self) -> bytes:
        """A compressed archive of up to eight members, damaged or not, half of them in a slug's form."""
        random = self._random
        prefix = random.choice(("", "./app/", "top/"))
        raw = bytearray(self._tar(prefix))
        for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
            self._damage(raw)
        packed = bytearray(self._packed(bytes(raw)))
        if random.random() < 0.1:
            self._flip(packed)
        return bytes(packed)

    def _tar(self, prefix: str) -> bytes:
        random, file = self._random, io.BytesIO()
        form = random.choice(_FORMATS)
        with tarfile.open(fileobj=file, mode="w", format=form, errors="surrogateescape") as tar:
            if prefix == "./app/":
                top = tarfile.TarInfo("./app")
                top.type, top.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(top)
            for _ in range(random.randint(1, 8)):
                kind = random.choice(_KINDS[:9])
                member = self._member(prefix + random.choice(self._names), kind)
                content = random.randbytes(random.choice((0, 1, 511, 512, 513, 3000)))
                member.size = len(content) if kind in tarfile.REGULAR_TYPES else 0
                if form == tarfile.PAX_FORMAT and random.random() < 0.4:
                    member.pax_headers = dict(random.choice(_PAX))
                try:
                    tar.addfile(member, io.BytesIO(content))
                except (ValueError, UnicodeError):
                    continue  # this format has no room for such a name or number
        return file.getvalue()

    def _member(self, name: str, kind: bytes) -> tarfile.TarInfo:
        random = self._random
        member = tarfile.TarInfo(name)
        member.type = kind
        member.mode = random.choice((0o644, 0o755, 0o7777, 0o6755, 0, 0o1777))
        member.mtime = random.choice((0, 1_000_000_000, 8_589_934_591, -1))
        member.linkname = random.choice(self._names)
        member.devmajor, member.devminor = random.choice(((1, 3), (8, 0), (0, 0)))
        member.uname = random.choice(("root", "", "\x1b[2J"))
        return member

    def _damage(self, raw: bytearray) -> None:
        random = self._random
        at = random.randrange(max(1, len(raw) // BLOCK)) * BLOCK
        block = raw[at : at + BLOCK]
        match random.randrange(8):
            case 0 | 1 | 2:
                where = random.choices(_FIELDS, _FIELD_WEIGHTS)[0]
                block[where] = self._filled(where)
                raw[at : at + BLOCK] = _summed(block)
            case 3:
                self._flip(block)
                raw[at : at + BLOCK] = _summed(block)
            case 4:
                raw[at:at] = block * random.choice((1, 2, 50))
            case 5:
                raw[at:at] = bytes(BLOCK * random.choice((1, 2, 3)))
            case 6:
                del raw[at : at + BLOCK * random.choice((1, 2))]
            case _:
                self._flip(raw)

    def _filled(self, where: slice) -> bytes:
        random, width = self._random, where.stop - where.start
        if width == 1:
            return random.choice(_KINDS)
        if width == 100:
            return random.choice(self._names).encode(errors="surrogateescape")[:width].ljust(width, b"\0")
        return random.choice((*_NUMBERS, random.randbytes(12)))[:width].ljust(width, b"\0")

    def _flip(self, data: bytearray) -> None:
        for _ in range(self._random.randint(1, 4)):
            if data:
                data[self._random.randrange(len(data))] = self._random.randrange(256)

    def _packed(self, raw: bytes) -> bytes:
        match self._random.randrange(20):
            case 0:
                return raw
            case 1:
                return bz2.compress(raw, 1)
            case 2:
                return lzma.compress(raw, preset=0)
            case 3:
                half = len(raw) // 2
                return _gzipped(raw[:half]) + _gzipped(raw[half:])
            case 4:
                return _gzipped(raw)[: -self._random.randint(1, 60)]
            case _:
                return _gzipped(raw)


def _gzipped(raw: bytes) -> bytes:
    return gzip.compress(raw, 1, mtime=0)


def _summed(block: bytearray) -> bytearray:
    if len(block) == BLOCK:
        block[_CHECKSUM] = b" " * 8
        block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return block


def header(name: bytes, kind: bytes, size: int) -> bytes:
    """One header block, for archives that tarfile would not write."""
    block = bytearray(BLOCK)
    block[: min(len(name), 100)] = name[:100]
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    return bytes(_summed(block))
