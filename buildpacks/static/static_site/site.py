"""What a static.json may say (the format of Heroku's buildpack for static sites)."""

from __future__ import annotations

from dataclasses import dataclass


class SiteError(Exception):
    """Raised with one full sentence when a static.json cannot be followed."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Paths of which no file is there, and the file that answers for them; None says that nothing does."""

    pattern: str
    file: str | None


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Paths that are somewhere else now."""

    pattern: str
    url: str
    status: int = 301


@dataclass(frozen=True, kw_only=True)
class Header:
    """A header of the answers for some paths."""

    pattern: str
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Site:
    """A static site. `root` and the files are relative to the app's top folder, and exist."""

    root: str = "."
    encoding: str = "UTF-8"
    clean_urls: bool = False
    https_only: bool = False
    basic_auth: bool = False
    canonical_host: str | None = None
    error_page: str | None = None
    routes: tuple[Route, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    headers: tuple[Header, ...] = ()
