"""What an app's `app.json` asks for, as the build hands it over: hostile input, checked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from control.domain import config_vars
from control.domain.buildpacks import check_buildpacks
from control.domain.formations import wanted_quantity
from control.domain.health_checks import HealthCheck, parse_health_checks
from control.domain.rules import BrokenRule
from control.domain.sizes import DEFAULT_SIZE, find_size
from control.domain.slugs import MAX_COMMAND_BYTES, TYPE_PATTERN

_SECRET = {"generator": "secret"}
_SIZES_ELSEWHERE = {"eco": "free", "hobby": "basic"}
"""Sizes that Heroku's sample apps name, and what comes nearest to them."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many dynos of a process type, of which size."""

    quantity: int
    size: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """An app.json. `env`, `secrets`, `buildpacks`, `formation` and `cache` count at an app's first deploy alone."""

    env: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    """Config vars whose values are to be made up."""
    buildpacks: tuple[str, ...] = ()
    formation: Mapping[str, Scale] = field(default_factory=dict)
    postdeploy: str | None = None
    health_check: HealthCheck | None = None
    cache: bool = False
    """Whether the HTTP cache is to be on."""
    cron: tuple[Mapping[str, str], ...] = ()
    """`{"command": …, "schedule": …}`, kept with the slug for the scheduler that is to come."""

    @property
    def kept(self) -> Mapping[str, Any] | None:
        """What is kept with the slug: of config vars nothing but their names."""
        kept = {
            "env": sorted({*self.env, *self.secrets}),
            "postdeploy": self.postdeploy,
            "cron": [dict(each) for each in self.cron],
        }
        return {name: value for name, value in kept.items() if value} or None


def parse_manifest(value: object, *, most_dynos: int) -> Manifest:
    """A manifest out of what `buildpacks/slugc/app_json.py` left. Raises BrokenRule."""
    given = _object(value)
    env = {name: _object(wanted) for name, wanted in _object(given.get("env")).items()}
    values = {name: wanted.get("value") for name, wanted in env.items() if dict(wanted) != _SECRET}
    try:
        checked = config_vars.merge({}, values)
        config_vars.merge({}, dict.fromkeys(env, ""))
        return Manifest(
            env=checked,
            secrets=frozenset(env) - values.keys(),
            buildpacks=check_buildpacks(str(each) for each in _sequence(given.get("buildpacks"))),
            formation={kind: _scale(kind, _object(each), most_dynos) for kind, each in _formation(given).items()},
            postdeploy=_command(given.get("postdeploy")),
            health_check=parse_health_checks(given.get("healthchecks")),
            cache=_flag("cache", given.get("cache")),
            cron=tuple(_cron(_object(each)) for each in _sequence(given.get("cron"))),
        )
    except BrokenRule as exc:
        said = str(exc)
        raise BrokenRule(said if "app.json" in said else f"app.json asks for what cannot be: {said}") from exc


def _formation(given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _object(given.get("formation"))
    for process_type in found:
        if TYPE_PATTERN.fullmatch(process_type) is None:
            raise BrokenRule(f"{process_type!r:.80} cannot be a process type.")
    return found


def _scale(process_type: str, wanted: Mapping[str, Any], most: int) -> Scale:
    quantity = wanted_quantity(0, wanted.get("quantity", 1), process_type=process_type, limit=most)
    size = wanted.get("size") or DEFAULT_SIZE
    return Scale(quantity=quantity, size=find_size(_SIZES_ELSEWHERE.get(str(size).lower(), size)).name)


def _command(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value or len(value.encode(errors="replace")) > MAX_COMMAND_BYTES:
        raise BrokenRule(f"scripts.postdeploy must be a text of at most {MAX_COMMAND_BYTES // 1024} kB.")
    return value.strip() or None


def _flag(name: str, value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise BrokenRule(f"{name} must be true or false.")
    return bool(value)


def _cron(wanted: Mapping[str, Any]) -> Mapping[str, str]:
    kept = {key: wanted.get(key) for key in ("command", "schedule")}
    if not all(isinstance(text, str) and 0 < len(text) <= MAX_COMMAND_BYTES for text in kept.values()):
        raise BrokenRule("an entry of cron needs a command and a schedule, two texts.")
    return {key: str(text) for key, text in kept.items()}


def _object(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BrokenRule("What the build left of app.json has another form than it must have; push again.")
    return value


def _sequence(value: object) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BrokenRule("What the build left of app.json has another form than it must have; push again.")
    return value[:100]
