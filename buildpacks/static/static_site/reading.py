"""Reads static.json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from .site import Header, Redirect, Route, Site, SiteError

NAME = "static.json"
DEFAULT_ROOT = "public_html"
"""Heroku's, for a static.json that names none."""

_Made = TypeVar("_Made")
_STATUSES = (301, 302, 303, 307, 308)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_ENCODING = re.compile(r"[A-Za-z0-9-]+")
_MAX_BYTES = 256 * 1024
KNOWN = {
    "root", "encoding", "clean_urls", "https_only", "basic_auth", "canonical_host", "error_page", "routes", "redirects",
    "headers",
}  # fmt: skip
_WITHOUT_EFFECT = {"debug", "logging"}


def read(folder: Path) -> tuple[Site, list[str]]:
    """The site of an app's folder, and a sentence for each thing that is not followed.

    Raises:
        SiteError: static.json is not JSON, or says what cannot be meant.
    """
    path = folder / NAME
    if not path.is_file():
        return Site(error_page=_default_error_page(folder, ".")), []
    values = _parse(path)
    if values.get("proxies"):
        raise SiteError(
            "proxies are not supported: let the browser call the other server directly (with CORS headers there), or "
            "serve both from one app with a Procfile."
        )
    root = _root(folder, values)
    site = Site(
        root=root,
        encoding=_matching(values, "encoding", _ENCODING) or "UTF-8",
        clean_urls=_flag(values, "clean_urls"),
        https_only=_flag(values, "https_only"),
        basic_auth=_flag(values, "basic_auth"),
        canonical_host=_matching(values, "canonical_host", _HOST),
        error_page=_error_page(folder, root, values),
        routes=tuple(_each(values, "routes", lambda pattern, file: _route(folder, root, pattern, file))),
        redirects=tuple(_each(values, "redirects", _redirect)),
        headers=tuple(header for headers in _each(values, "headers", _headers) for header in headers),
    )
    unknown = sorted(set(values) - KNOWN - _WITHOUT_EFFECT - {"proxies"})
    return site, [f"{name!a} in {NAME} is not known here and has no effect." for name in unknown]


def _parse(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > _MAX_BYTES:
        raise SiteError("it is larger than 256 kB.")
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise SiteError(f"it is not valid JSON ({exc}).") from exc
    if not isinstance(values, dict):
        raise SiteError("it has to be a JSON object.")
    return values


def _root(folder: Path, values: Mapping[str, Any]) -> str:
    root = _text(values, "root") or DEFAULT_ROOT
    return _inside(folder, root, f"root is {root!a}", folder_wanted=True)


def _inside(folder: Path, name: str, what: str, *, folder_wanted: bool = False) -> str:
    """A path as it is relative to `folder`, where it has to be."""
    path = PurePosixPath(name.strip("/") or ".")
    place = folder / path
    if ".." in path.parts or not place.resolve().is_relative_to(folder.resolve()):
        raise SiteError(f"{what}, which is outside of the app.")
    if not (place.is_dir() if folder_wanted else place.is_file()):
        kind = "folder" if folder_wanted else "file"
        raise SiteError(f"{what}, but there is no such {kind}: build it before, or name another one.")
    return str(path)


def _error_page(folder: Path, root: str, values: Mapping[str, Any]) -> str | None:
    page = _text(values, "error_page")
    if page is None:
        return _default_error_page(folder, root)
    return _inside(folder / root, page, f"error_page is {page!a}")


def _default_error_page(folder: Path, root: str) -> str | None:
    return "404.html" if (folder / root / "404.html").is_file() else None


def _route(folder: Path, root: str, pattern: str, file: Any) -> Route:
    if not isinstance(file, str):
        raise SiteError(f"the route {pattern!a} has to name a file.")
    if file.endswith("/"):
        return Route(pattern=pattern, file=None)
    return Route(pattern=pattern, file=_inside(folder / root, file, f"the route {pattern!a} names {file!a}"))


def _redirect(pattern: str, target: Any) -> Redirect:
    values = {"url": target} if isinstance(target, str) else target
    url = values.get("url") if isinstance(values, dict) else None
    status = values.get("status", 301) if isinstance(values, dict) else None
    if not isinstance(url, str) or not url or not url.isprintable() or " " in url or "${" in url:
        raise SiteError(f"the redirect {pattern!a} needs an url, which may hold no blanks and no variables.")
    if isinstance(status, bool) or status not in _STATUSES:
        allowed = ", ".join(str(each) for each in _STATUSES)
        raise SiteError(f"the redirect {pattern!a} has the status {status!a}, which has to be one of {allowed}.")
    return Redirect(pattern=pattern, url=url, status=status)


def _headers(pattern: str, headers: Any) -> list[Header]:
    if not isinstance(headers, dict):
        raise SiteError(f"headers of {pattern!a} have to be an object of names and values.")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str) or not value.isprintable():
            raise SiteError(f"the header {name!a} of {pattern!a} has a name or a value that no header may have.")
        if name.lower() in {"content-type", "content-length", "transfer-encoding", "connection"}:
            raise SiteError(f"the header {name!a} of {pattern!a} is the server's own.")
    return [Header(pattern=pattern, name=name, value=value) for name, value in headers.items()]


def _each(values: Mapping[str, Any], name: str, make: Callable[[str, Any], _Made]) -> list[_Made]:
    found = values.get(name) or {}
    if not isinstance(found, dict):
        raise SiteError(f"{name} has to be an object of paths.")
    for pattern in found:
        if not pattern.isprintable():
            raise SiteError(f"a path of {name} holds control characters.")
    return [make(pattern, value) for pattern, value in found.items()]


def _flag(values: Mapping[str, Any], name: str) -> bool:
    value = values.get(name, False)
    if not isinstance(value, bool):
        raise SiteError(f"{name} has to be true or false.")
    return value


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.isprintable():
        raise SiteError(f"{name} has to be a text.")
    return value


def _matching(values: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    value = _text(values, name)
    if value is not None and not pattern.fullmatch(value):
        raise SiteError(f"{name} cannot be {value!a}.")
    return value
