"""The second half of `make demo`: with the platform up, push the example app and say what to look at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from cli.output import BAR
from cli.platform import files
from cli.platform.commands import attempt
from cli.platform.environment import variables
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.progress import step, wait_for

APP = "hello"
_EXAMPLE = Path("examples") / "python-hello"
_SECONDS = 60


def main() -> int:
    """Push, request, tell. Safe to run again: an equal source makes no new release."""
    try:
        instance = Instance.from_env()
        environment = dict(os.environ) | variables(instance)
        _push(instance, environment)
        host = f"{APP}.{instance.domain}"
        with step(f"Requesting http://{host}:{instance.port('router')}/"):
            wait_for(lambda: _answers(instance, host), seconds=_SECONDS, problem=f"{host} does not answer.", pause=0.3)
    except Problem as problem:
        sys.stderr.write(f" {BAR}   Error: {problem}\n")
        return 1
    sys.stdout.write(_farewell(instance, environment, host))
    return 0


def _push(instance: Instance, environment: Mapping[str, str]) -> None:
    if not _known(instance, environment):
        _cli(instance, environment, "create", APP, "--no-remote")
    _cli(instance, environment, "push", "--app", APP, "--dir", str(instance.checkout / _EXAMPLE))


def _known(instance: Instance, environment: Mapping[str, str]) -> bool:
    argv = [str(instance.python.with_name("nomapaas")), "info", "--app", APP]
    return attempt(argv, env=environment, seconds=30).returncode == 0


def _cli(instance: Instance, environment: Mapping[str, str], *words: str) -> None:
    """Run the project's own CLI as a user would; its progress goes to the terminal."""
    argv = [str(instance.python.with_name("nomapaas")), *words]
    sys.stderr.write(f"$ nomapaas {' '.join(words)}\n")
    done = subprocess.run(argv, env=dict(environment), stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Problem(f"`nomapaas {' '.join(words)}` ended with exit code {done.returncode}; see what it said above.")


def _answers(instance: Instance, host: str) -> bool:
    """The app's name does not resolve everywhere, so ask the router's address with the app's Host."""
    try:
        answer = httpx.get(f"{instance.inside_url('router')}/", headers={"Host": host}, timeout=10, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def _farewell(instance: Instance, environment: Mapping[str, str], host: str) -> str:
    admin = files.read_json(instance.secrets / "admin.json")
    cli = ".venv/bin/nomapaas"
    return f"""
=== nomapaas is up, and {APP} is on the air
App:          http://{host}:{instance.port("router")}/
              curl -H 'Host: {host}' {instance.public_url("router")}/
Control API:  {instance.public_url("api")}
Nomad UI:     {instance.url("nomad_http")}/ui/settings/tokens
              log in with this token: {environment["NOMAD_TOKEN"]}
Admin:        {admin.get("email")} (the password is in {instance.secrets / "admin.json"})

What to type next:
  eval "$({cli} env)"                 so that this shell knows the platform
  {cli} ps --app {APP}
  {cli} logs --tail --app {APP}
  {cli} config:set GREETING=hi --app {APP}
  {cli} ps:scale web=2 --app {APP}
  {cli} create my-app                 and `{cli} push` in a folder of your own
  {cli} doctor                        when something looks wrong
  {cli} down                          stops it all; the data stays
"""


if __name__ == "__main__":
    sys.exit(main())
