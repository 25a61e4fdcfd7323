"""Reads `app.json`, in which a source says what it needs around it.

Its form is Heroku's app.json schema with Dokku's `healthchecks` and `cron`. Here it is brought into one plain form;
what values mean (sizes, quantities, paths) is for the platform to judge, which gets them with the build's result.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import output
from .exit_codes import BuildError, ExitCode

NAME = "app.json"
_MAX_BYTES = 256 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_SECRET_BYTES = 32
_CONTAINERS = ("heroku.yml", "heroku.yaml")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A config var that the app asks for: with a value, with a secret to be made up, or only by its name."""

    value: str | None = None
    is_secret: bool = False
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class AppJson:
    """The parts of `app.json` that count here."""

    env: Mapping[str, Variable] = field(default_factory=dict)
    buildpacks: tuple[str, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)
    """`formation`, `postdeploy`, `healthchecks`, `cron` and `cache`, where there are any."""

    def result(self, *, first: bool) -> dict[str, Any]:
        """What the platform gets. Config vars, buildpacks, formation and cache count at the first push alone.

        Shape: `{"env": {NAME: {"value": …} or {"generator": "secret"}}, "buildpacks": [NAME or URL],
        "formation": {TYPE: {"quantity": N, "size": NAME}}, "postdeploy": COMMAND, "healthchecks": …, "cron": […],
        "cache": true}`.
        """
        made = dict(self.rest)
        if not first:
            made.pop("formation", None)
            made.pop("cache", None)
            return made
        env = {name: _wanted(each) for name, each in self.env.items() if each.is_secret or each.value is not None}
        return {**made, "env": env, "buildpacks": list(self.buildpacks)}


def read(folder: Path) -> AppJson | None:
    """The app's `app.json`; None when it has none.

    Raises:
        BuildError: It cannot be used, or the source is meant for containers (`heroku.yml`).
    """
    _refuse_containers(folder)
    path = folder / NAME
    if not path.is_file():
        return None
    document = _object(_parsed(path), "it")
    for kind in ("addons", "image"):
        if document.get(kind):
            output.warning(f"What app.json lists under {kind} is left out: this platform has none of that yet.")
    rest = {
        "formation": _formation(document.get("formation")),
        "postdeploy": _text(_object(document.get("scripts"), "scripts").get("postdeploy"), "scripts.postdeploy"),
        "healthchecks": document.get("healthchecks"),
        "cron": _cron(document.get("cron")),
        "cache": _flag(document.get("cache"), "cache"),
    }
    return AppJson(
        env=dict(_variables(document.get("env"))),
        buildpacks=tuple(_buildpacks(document.get("buildpacks"))),
        rest={name: value for name, value in rest.items() if value},
    )


def provide(app_json: AppJson, config: Mapping[str, str], env_dir: Path) -> None:
    """Gives a first build the config vars that `app.json` asks for, as far as the app has none of that name.

    A generated secret is another one in the build than in the dynos: it goes through no file that stays.

    Raises:
        BuildError: The app asks for config vars that only its owner can give.
    """
    missing = []
    for name, variable in app_json.env.items():
        if name in config:
            continue
        value = secrets.token_hex(_SECRET_BYTES) if variable.is_secret else variable.value
        if value is not None:
            (env_dir / name).write_bytes(os.fsencode(value))
        elif variable.required:
            missing.append(name)
    if missing:
        raise BuildError(
            ExitCode.CONFIG_MISSING,
            f"app.json asks for {'config vars' if len(missing) > 1 else 'a config var'} that this app does not have: "
            f"set {' '.join(f'{name}=...' for name in missing[:20])} with `nomapaas config:set` and push again.",
        )


def _refuse_containers(folder: Path) -> None:
    """A source that can be built either way says so with a Procfile."""
    for name in _CONTAINERS:
        if (folder / name).is_file():
            if (folder / "Procfile").is_file():
                output.warning(f"{name} is left out: this platform builds slugs, which the Procfile is for.")
                continue
            raise BuildError(
                ExitCode.CONTAINERS,
                f"This source has a {name}, which builds container images, and this platform builds slugs: put its "
                "commands under `run` into a Procfile, its release command into the Procfile as `release:`, its "
                "`setup` into app.json, and choose buildpacks with `nomapaas buildpacks:set`.",
            )


def _parsed(path: Path) -> Any:
    content = path.read_bytes()
    if len(content) > _MAX_BYTES:
        raise _wrong(f"it is larger than {_MAX_BYTES // 1024} kB")
    try:
        value = json.loads(content.decode("utf-8-sig"))
        # Half of a character pair is legal in JSON and illegal everywhere behind it.
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as exc:
        raise _wrong(f"line {exc.lineno}, column {exc.colno} is not JSON") from exc
    except (ValueError, RecursionError) as exc:
        raise _wrong("it is not JSON in UTF-8") from exc
    return value


def _variables(value: Any) -> Iterator[tuple[str, Variable]]:
    for name, given in _object(value, "env").items():
        if not _VARIABLE.fullmatch(name):
            raise _wrong(f"{_shown(name)} under env cannot be the name of a config var")
        if not isinstance(given, dict):
            yield name, Variable(value=_plain(given, name))
            continue
        generator = given.get("generator")
        if generator not in (None, "secret"):
            raise _wrong(f"the generator of {name} under env is {_shown(str(generator))}, and there is only `secret`")
        required = given.get("required", True) is not False
        text = _plain(given.get("value"), name)
        yield (
            name,
            Variable(value=None if required and not text else text, is_secret=bool(generator), required=required),
        )


def _wanted(variable: Variable) -> dict[str, str]:
    return {"generator": "secret"} if variable.is_secret else {"value": variable.value or ""}


def _plain(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise _wrong(f"the value of {name} under env is not a text")


def _formation(value: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for process_type, given in _object(value, "formation").items():
        wanted = _object(given, f"formation.{_shown(process_type)}")
        found[process_type] = {key: wanted[key] for key in ("quantity", "size") if wanted.get(key) is not None}
    return found


def _buildpacks(value: Any) -> Iterator[str]:
    for each in _listing(value, "buildpacks"):
        url = each if isinstance(each, str) else _text(_object(each, "an entry of buildpacks").get("url"), "a url")
        if not url:
            raise _wrong("an entry of buildpacks has no url")
        yield url


def _cron(value: Any) -> list[dict[str, str]]:
    found = []
    for each in _listing(value, "cron"):
        entry = _object(each, "an entry of cron")
        command, schedule = (_text(entry.get(key), f"the {key} of an entry of cron") for key in ("command", "schedule"))
        if not command or not schedule:
            raise _wrong("an entry of cron needs a command and a schedule")
        found.append({"command": command, "schedule": schedule})
    return found


def _object(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(f"{what} is not an object in braces")
    return value


def _listing(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(f"{what} is not a list in brackets")
    return value


def _text(value: Any, what: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _wrong(f"{what} is not a text")
    return value


def _flag(value: Any, what: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise _wrong(f"{what} is neither true nor false")
    return value


def _wrong(what: str) -> BuildError:
    return BuildError(ExitCode.APP_JSON_WRONG, f"app.json cannot be used: {what}. Mend it and push again.")


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:80]
