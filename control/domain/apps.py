"""Apps: the owner of everything else, and the rules of their names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from random import Random

from control.domain.rules import BrokenRule
from control.domain.sleeping import Autosleep, SleepCause

NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
"""Heroku Platform API v3, schema of `app.name`."""

RESERVED_NAMES = frozenset({"api", "git", "www", "logs", "slugs", "status", "dashboard"})
"""Names that the platform's own hosts use or may come to use."""

DEFAULT_STACK = "nomapaas-13"
"""Where an instance names no stacks of its own."""

LONGEST_HSTS = 63_072_000
"""Two years, in seconds."""

DEFAULT_REGION = "us"
REGIONS = (DEFAULT_REGION,)

# A paragraph of words reads better than sixty lines of one word.
_ADJECTIVES = (  # noqa: SIM905
    "amber ancient autumn blooming bold brave bright calm clear cold cool crimson damp dark dawn deep early fierce "
    "floating frosty gentle glacial golden green hidden hollow icy keen lively lunar mighty misty morning nameless "
    "northern pacific patient peaceful polar proud pure quiet radiant rocky rugged salty serene sharp shy silent "
    "snowy solar sparkling still stormy summer swift tranquil vast warm wild winter young"
).split()
_NOUNS = (  # noqa: SIM905
    "badlands bay beach bird breeze brook brushlands bush canyon castle cliffs cloud cove dawn depths dusk dust eyrie "
    "falls fjord fire forest fortress garden gorge grass harbor haze headland hollows inlet island journey lake leaf "
    "meadow mesa mist moon mountain ocean peak pine plains plateau pond rain reef retreat ridge river sands savannah "
    "sea shelf shore sky spire spring star stream sun temple thicket tor tundra valley waters wave woodland"
).split()


@dataclass(frozen=True, kw_only=True)
class App:
    """One app. `id` is a UUID and never changes; `name` is its subdomain and may."""

    id: str
    name: str
    owner_id: str
    stack: str
    region: str
    maintenance: bool
    created_at: datetime
    updated_at: datetime
    released_at: datetime | None = None
    desired_generation: int = 0
    """Raised by every change of what should run; the worker compares it with `applied_generation`."""
    applied_generation: int = 0
    applied_modify_index: int = 0
    """The scheduler's index of the job after the last submit: another one there means that somebody changed it."""
    destroyed_at: datetime | None = None
    """Set first when an app is destroyed; the worker removes what it owned, then the row."""
    buildpacks: tuple[str, ...] = ()
    """Short names or URLs, in the order in which builds use them; empty means detect."""
    restart_nonce: int = 0
    """Raised by `ps:restart` of a whole app: a new job that differs in nothing else, hence a rolling restart."""
    autosleep: Autosleep | None = None
    """What it was told about its sleep; None for nothing."""
    asleep_since: datetime | None = None
    asleep_because: SleepCause | None = None
    frozen: bool = False
    """Asleep by freezing: its dynos are there and run nothing. Anything that makes new dynos ends this."""
    woken_at: datetime | None = None
    """When it last woke up: its idle time begins anew."""
    waking: bool = False
    """Nobody has seen yet whether the dynos of its last wake boot."""
    cache: bool = False
    """Whether the HTTP cache stands before its dynos."""
    cache_purges: int = 0
    """Raised to make the cache forget everything of this app."""
    force_https: bool = False
    """Whether plain requests are sent to TLS."""
    hsts: int = 0
    """Seconds for which browsers are told to use nothing but TLS (RFC 6797); 0 means that they are not told."""
    acm: bool = False
    """Whether the platform gets certificates for its domains."""
    features: tuple[str, ...] = ()
    """Names of those of `control.domain.features` that are switched on."""

    @property
    def asleep(self) -> bool:
        """Whether it is to sleep; see `desired` for one that no request could wake."""
        return self.asleep_since is not None


def check_name(name: object) -> str:
    """Return the name when an app may have it. Raises BrokenRule."""
    if not isinstance(name, str) or NAME_PATTERN.fullmatch(name) is None:
        raise BrokenRule(
            "Name must start with a letter, end with a letter or digit and hold 3 to 30 characters, "
            "all of them lowercase letters, digits or dashes."
        )
    if name in RESERVED_NAMES:
        raise BrokenRule(f"Name {name} is reserved for the platform itself; choose another one.")
    return name


def random_name(random: Random) -> str:
    """A name like `quiet-harbor-40213` for an app that was created without one."""
    return f"{random.choice(_ADJECTIVES)}-{random.choice(_NOUNS)}-{random.randrange(10000, 100000)}"


def check_stack(stack: object, known: Collection[str]) -> str:
    """Return the stack's name when it is one of those that this platform has. Raises BrokenRule."""
    return _one_of("Stack", stack, known)


def check_hsts(seconds: int) -> int:
    """Return how long browsers may be told to use nothing but TLS. Raises BrokenRule."""
    if not 0 <= seconds <= LONGEST_HSTS:
        raise BrokenRule(f"HSTS must last from 0 (off) to {LONGEST_HSTS} seconds, which are two years.")
    return seconds


def check_region(region: object) -> str:
    """Return the region's name when there is such a region. Raises BrokenRule."""
    return _one_of("Region", region, REGIONS)


def _one_of(what: str, value: object, known: Collection[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BrokenRule(f"{what} {value!s:.60} does not exist; choose one of: {', '.join(known)}.")
    return value
