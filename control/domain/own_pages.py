"""Pages that an app shows instead of the router's own, named by config vars as Heroku does it.

Their addresses are the one thing of an app's config vars that leaves Vault: the router shows them to every visitor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from control.domain.rules import BrokenRule

ERROR_PAGE = "ERROR_PAGE_URL"
MAINTENANCE_PAGE = "MAINTENANCE_PAGE_URL"

_MOST_CHARACTERS = 2048
_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][!#-&(-;=?-\[\]^_a-z{|}~]*")
"""Plain ASCII, as router/lua/pages.lua takes it: nothing in it can end the attribute that it becomes."""


@dataclass(frozen=True, kw_only=True)
class OwnPages:
    """Addresses, each None for the router's own page."""

    error: str | None = None
    maintenance: str | None = None


def pages_of(config: Mapping[str, str]) -> OwnPages:
    """What an app's config vars name; an address that is none counts for nothing."""
    return OwnPages(error=_address(config.get(ERROR_PAGE)), maintenance=_address(config.get(MAINTENANCE_PAGE)))


def check_pages(changes: Mapping[str, str | None]) -> None:
    """Refuse an address that the router would not show. Raises BrokenRule."""
    for name in (ERROR_PAGE, MAINTENANCE_PAGE):
        value = changes.get(name)
        if value and _address(value) is None:
            raise BrokenRule(
                f"{name} must be a whole address in ASCII that begins with http:// or https://, without spaces or "
                f"quotes, of at most {_MOST_CHARACTERS} characters."
            )


def _address(value: str | None) -> str | None:
    return value if value and len(value) <= _MOST_CHARACTERS and _ADDRESS.fullmatch(value) else None
