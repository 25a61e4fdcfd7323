"""Text from elsewhere, made safe to print; numbers and times, made pleasant to read."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

# C0 (without tab and newline), DEL, C1, and the characters that reorder or hide text on a terminal.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_SGR = re.compile(r"\x1b\[[0-9;]*m")


def _visible(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if code < 0x20:
        return "^" + chr(code + 0x40)
    if code == 0x7F:
        return "^?"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text: str) -> str:
    """Text whose control characters are shown instead of obeyed; tabs and newlines stay."""
    return _UNSAFE.sub(_visible, text)


def printable_line(text: str, *, colors: bool) -> str:
    """One line of a program's output: like `printable`, but colours may stay, and of a progress bar the end is kept."""
    text = text.rstrip("\r\n")
    if "\r" in text:
        text = text.rsplit("\r", 1)[1]
    if "\x1b" not in text:
        return printable(text)
    kept = _SGR.findall(text) if colors else []
    pieces = [printable(piece) for piece in _SGR.split(text)]
    if not kept:
        return "".join(pieces)
    joined = [piece + code for piece, code in zip(pieces, [*kept, "\x1b[0m"], strict=True)]
    return "".join(joined)


def printable_json(text: str) -> str:
    """JSON that means the same and holds no character that a terminal would obey."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def parse_time(value: str) -> datetime:
    """A time of the API's."""
    return datetime.fromisoformat(value)


def ago(value: str, now: datetime) -> str:
    """`2024/01/31 10:00:00 +0100 (~ 5m ago)`."""
    moment = parse_time(value)
    return f"{moment.astimezone(now.tzinfo):%Y/%m/%d %H:%M:%S %z} (~ {_rough(now - moment)} ago)"


def _rough(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def sentence(text: str) -> str:
    """The text with a full stop, where it has none."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", ":", "\n")) or not text else text + "."
