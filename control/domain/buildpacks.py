"""Buildpacks that an app is to be built with: short names of the platform's own, or URLs of others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from control.domain.rules import BrokenRule

MOST = 20
_MAX_URL = 1000
_URN = "urn:buildpack:"
_SHORT = re.compile(r"[a-z0-9-]{1,60}(/[a-z0-9-]{1,60})?")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}")


@dataclass(frozen=True, kw_only=True)
class OwnBuildpack:
    """One that comes with the platform."""

    name: str
    """As `buildpacks/` calls its folder."""
    short_name: str
    """The name that Heroku has for such a buildpack, and that apps are shown with."""
    language: str
    fits: str
    """What has to be in the source for it to fit, for people."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it goes by."""
        return (self.short_name, f"nomapaas/{self.name}", self.name)


OWN = (
    OwnBuildpack(name="nodejs", short_name="heroku/nodejs", language="Node.js", fits="package.json"),
    OwnBuildpack(name="go", short_name="heroku/go", language="Go", fits="go.mod or go.work"),
    OwnBuildpack(name="java", short_name="heroku/java", language="Java", fits="pom.xml or mvnw"),
    OwnBuildpack(
        name="python",
        short_name="heroku/python",
        language="Python",
        fits="requirements.txt, uv.lock, poetry.lock or Pipfile",
    ),
    OwnBuildpack(
        name="static",
        short_name="heroku-community/static",
        language="static pages",
        fits="static.json, or index.html without a Procfile",
    ),
    OwnBuildpack(
        name="procfile", short_name="heroku/procfile", language="programs that need no build", fits="Procfile"
    ),
)
"""In the order in which builds try them."""

_BY_NAME = {name: own for own in OWN for name in own.names}


def find_own(name: str) -> OwnBuildpack | None:
    """One of the platform's own by any of its names."""
    return _BY_NAME.get(name.removeprefix(_URN))


def check_buildpacks(wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the buildpacks of an app in the form in which they are kept. Raises BrokenRule."""
    found = tuple(check_buildpack(each) for each in wanted)
    if len(found) > MOST:
        raise BrokenRule(f"An app may have {MOST} buildpacks, and these are {len(found)}; leave some out.")
    twice = next((each for each in found if found.count(each) > 1), None)
    if twice is not None:
        raise BrokenRule(f"The buildpack {twice:.100} is named twice; name it once.")
    return found


def check_buildpack(wanted: str) -> str:
    """Return a buildpack's short name or URL, or say why there can be no such one. Raises BrokenRule."""
    own = find_own(wanted)
    if own is not None:
        return own.short_name
    if _SHORT.fullmatch(wanted.removeprefix(_URN)):
        known = ", ".join(each.short_name for each in OWN)
        raise BrokenRule(
            f"There is no buildpack {wanted.removeprefix(_URN)} here; choose one of: {known}, or give the https URL of "
            "its git repository, such as https://github.com/heroku/heroku-buildpack-ruby, or of a .tgz file."
        )
    return _check_url(wanted)


def _check_url(wanted: str) -> str:
    plain = len(wanted) <= _MAX_URL and wanted.isascii() and wanted.isprintable() and " " not in wanted
    try:
        parts = urlsplit(wanted) if plain else None
        good = parts is not None and parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, good = None, False
    if parts is None or not good:
        raise BrokenRule(
            f"{wanted!r:.100} is no buildpack; give a short name such as {OWN[0].short_name}, or an https URL of a git "
            "repository (with #branch, #tag or #commit, if you like) or of a .tgz file."
        )
    if parts.username is not None or parts.password is not None:
        raise BrokenRule("A buildpack's URL must not hold a user name or a password: builds print it.")
    if parts.fragment and _REF.fullmatch(parts.fragment) is None:
        raise BrokenRule(f"{parts.fragment!r:.100} is not the name of a branch, tag or commit; give one after the #.")
    return wanted
