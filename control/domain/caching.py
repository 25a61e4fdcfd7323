"""What people may ask the HTTP cache to forget."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from control.domain.rules import BrokenRule

_MOST_CHARACTERS = 1000
_AS_IT_IS = "/%:@!$&'()*+,;=-._~[]"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One URL of an app, or all that begin like it."""

    host: str | None
    """None means any of the app's hosts."""
    path: str
    """From its first slash on, with the query, as browsers send it."""
    prefix: bool = False

    def __str__(self) -> str:
        return f"{self.host or ''}{self.path}{'*' if self.prefix else ''}"


def parse_target(text: str, *, prefix: bool) -> Target:
    """What is meant by a path such as `/blog?page=2` or a whole URL. Raises BrokenRule."""
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError:
        raise _refused(text) from None
    is_whole = url.scheme in {"http", "https"} and host is not None
    is_path = url.path.startswith("/") and not url.scheme and not text.startswith("//")
    if not is_whole and not is_path:
        raise _refused(text)
    query = f"?{quote(url.query, safe=_AS_IT_IS + '?')}" if url.query else ""
    path = (quote(url.path, safe=_AS_IT_IS) or "/") + query
    if len(path) > _MOST_CHARACTERS or not path.isprintable():
        raise _refused(text)
    return Target(host=host, path=path, prefix=prefix)


def _refused(text: str) -> BrokenRule:
    return BrokenRule(
        f"{text!r:.80} cannot be purged; give a path such as /blog, or a whole URL, of at most {_MOST_CHARACTERS} "
        "characters."
    )
