"""Puts apps to sleep for tests."""

from __future__ import annotations

from typing import Any

import httpx


def fall_asleep(paas: Any, app: str) -> None:
    """Put an app to sleep by hand, and wait until its dyno is gone."""
    paas.run("ps:sleep", "--app", app)
    paas.eventually(lambda: not any(each["ClientStatus"] in {"pending", "running"} for each in dynos(paas, app)))


def dynos(paas: Any, app: str) -> list[dict[str, Any]]:
    """The allocations of the app's job."""
    env, app_id = paas.instance.env, paas.json("info", "--app", app)["app"]["id"]
    answer = httpx.get(
        f"{env['NOMAD_ADDR']}/v1/job/{app_id}/allocations",
        headers={"X-Nomad-Token": env["NOMAD_TOKEN"]},
        params={"namespace": "apps"},
        timeout=10,
    )
    return list(answer.raise_for_status().json())
