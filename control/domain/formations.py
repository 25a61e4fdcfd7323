"""Formation: how many dynos of which size should run for each process type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from control.domain.rules import BrokenRule


@dataclass(frozen=True, kw_only=True)
class Formation:
    """The wanted dynos of one process type of one app.

    Rows outlive deploys, also of slugs that lack the type, so that a rollback finds its quantities again. `command` is
    the newest release's; what runs has the command of its own release's slug.
    """

    id: str
    app_id: str
    type: str
    quantity: int
    size: str
    command: str
    created_at: datetime
    updated_at: datetime


_QUANTITY = re.compile(r"[+-]?[0-9]{1,6}")


def wanted_quantity(current: int, asked: object, *, process_type: str, limit: int) -> int:
    """Work out a quantity: a number, or `+1` / `-1` against what there is now. Raises BrokenRule."""
    if isinstance(asked, bool) or not isinstance(asked, int | str) or _QUANTITY.fullmatch(str(asked)) is None:
        if isinstance(asked, int) and not isinstance(asked, bool) and asked > 0:
            raise BrokenRule(_too_many(process_type, asked, limit))
        raise BrokenRule(
            f"The quantity of {process_type} must be a whole number from 0 to {limit}, or a change such as +1 or -1."
        )
    relative = isinstance(asked, str) and asked[0] in "+-"
    quantity = current + int(asked) if relative else int(asked)
    if quantity < 0:
        raise BrokenRule(
            f"The quantity of {process_type} cannot be negative; 0 is the least, and {current} is what it is now."
        )
    if quantity > limit:
        raise BrokenRule(_too_many(process_type, quantity, limit))
    return quantity


def _too_many(process_type: str, quantity: int, limit: int) -> str:
    return (
        f"{quantity} dynos of {process_type} are more than the {limit} that one process type may have; ask for fewer."
    )
