"""Health checks: how the web dynos of one slug say that they are well.

They belong to a slug, for `app.json` comes with the source: a rollback brings the check of that code back with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from control.domain.rules import BrokenRule
from jobs.dyno import WEB

# One slash first: `//host/…` would name another host to whoever resolves it. No `$` and no brace: Nomad would fill in
# variables there.
_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~!&'()*+,;=:@%/?-]{0,499}")
_KINDS = ("startup", "readiness", "liveness")
_INTERVALS = range(1, 61)
_TIMEOUTS = range(1, 31)
_ATTEMPTS = range(1, 101)
_LONGEST_STARTUP_S = 900


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """`GET path` on the dyno's own port must answer 200 to 399 in time; a redirect is an answer and is not followed.

    A web dyno gets requests once that is so, and none while it is not. Without a check, a dyno that accepts is well.
    """

    path: str
    interval_s: int = 5
    """Seconds between two checks."""
    timeout_s: int = 5
    """Seconds until an answer has to be there."""
    startup_s: int = 0
    """Seconds that a dyno has until it is well for the first time; the boot timeout (60) where that is longer."""
    restart_after: int = 0
    """After so many failures in a row the dyno is replaced; 0 means that it only gets no requests."""


def parse_health_checks(value: object) -> HealthCheck | None:
    """The check that `healthchecks` in `app.json` asks for, None when it asks for none. Raises BrokenRule.

    The form is Dokku's, `{"web": [{"type": "startup", "path": "/up", "wait": 5, "timeout": 5, "attempts": 12,
    "initialDelay": 10}]}`: a type is startup, readiness or liveness; times are in seconds. All checks of web share one
    path. Checks without a path (`listening`, `uptime`) ask for what the platform does anyway.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BrokenRule('The healthchecks in app.json must be an object such as {"web": [{"path": "/up"}]}.')
    checks = {process_type: _with_path(process_type, listed) for process_type, listed in value.items()}
    other = next((process_type for process_type, found in checks.items() if found and process_type != WEB), None)
    if other is not None:
        raise BrokenRule(
            f"The health check of {other!s:.63} in app.json names a path, and only web dynos answer requests; drop it."
        )
    found = checks.get(WEB)
    return _merged(found) if found else None


def _with_path(process_type: object, listed: object) -> list[Mapping[str, Any]]:
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        raise BrokenRule(f"The healthchecks of {process_type!s:.63} in app.json must be a list of objects.")
    for each in listed:
        if each.get("command"):
            raise BrokenRule(
                f"The health check of {process_type!s:.63} in app.json runs a command, which is not supported; "
                "give a path that answers 200 instead."
            )
    return [each for each in listed if each.get("path")]


def _merged(checks: Iterable[Mapping[str, Any]]) -> HealthCheck:
    kinds = {_kind(each): each for each in checks}
    paths = {_path(each["path"]) for each in kinds.values()}
    if len(paths) > 1:
        raise BrokenRule(
            f"The health checks of web in app.json name several paths ({', '.join(sorted(paths))}); choose one."
        )
    main = next(kinds[kind] for kind in ("readiness", "startup", "liveness") if kind in kinds)
    interval = _number(main, "wait", _INTERVALS, default=5)
    return HealthCheck(
        path=paths.pop(),
        interval_s=interval,
        timeout_s=_number(main, "timeout", _TIMEOUTS, default=5),
        startup_s=_startup(kinds.get("startup"), interval),
        restart_after=_number(kinds["liveness"], "attempts", _ATTEMPTS, default=3) if "liveness" in kinds else 0,
    )


def _startup(check: Mapping[str, Any] | None, interval: int) -> int:
    if check is None:
        return 0
    delay = _number(check, "initialDelay", range(_LONGEST_STARTUP_S + 1), default=0)
    attempts = _number(check, "attempts", _ATTEMPTS, default=3)
    return min(_LONGEST_STARTUP_S, delay + attempts * _number(check, "wait", _INTERVALS, default=interval))


def _kind(check: Mapping[str, Any]) -> str:
    kind = check.get("type") or "startup"
    if kind not in _KINDS:
        raise BrokenRule(
            f"The health check type {kind!s:.40} in app.json does not exist; choose one of: {', '.join(_KINDS)}."
        )
    return str(kind)


def _path(path: object) -> str:
    if not isinstance(path, str) or _PATH.fullmatch(path) is None:
        raise BrokenRule(
            f"The health check path {path!s:.60} in app.json must begin with one slash and hold nothing that a URL "
            "has to escape, such as /up."
        )
    return path


def _number(check: Mapping[str, Any], field: str, allowed: range, *, default: int) -> int:
    value = check.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise BrokenRule(
            f"The {field} of a health check in app.json must be a whole number from {allowed[0]} to {allowed[-1]}."
        )
    return value
