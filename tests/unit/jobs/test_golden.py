"""Jobs are data: each golden file is what Nomad is sent, byte for byte.

A change that is meant: `NOMAPAAS_WRITE_GOLDEN=1 pytest tests/unit/jobs`, then read the diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jobs import dyno, oneoff
from jobs.dyno import DynoSpec, HealthSpec, ProcessSpec
from jobs.spec import AppRef, Site

GOLDEN = Path(__file__).parents[2] / "golden"
SITE = Site(artifacts_url="http://127.0.0.1:8085", dyno_uid=997)
APP = AppRef(id="01234567-89ab-4cde-8f01-23456789abcd", name="example", stack="nomapaas-13")
SHA = "ab" * 32

JOBS = {
    "web-and-worker": lambda: dyno.build(
        DynoSpec(
            app=APP,
            release_version=12,
            slug_sha256=SHA,
            config_version=3,
            processes=(
                ProcessSpec(type="worker", command="python work.py ${HOME}", quantity=1, size="standard-2x"),
                ProcessSpec(type="web", command="gunicorn app:app", quantity=2, size="free"),
            ),
            restart_nonce=1,
        ),
        SITE,
    ),
    "no-config": lambda: dyno.build(
        DynoSpec(
            app=APP,
            release_version=1,
            slug_sha256=SHA,
            config_version=0,
            processes=(ProcessSpec(type="web", command="./serve", quantity=0, size="free"),),
        ),
        SITE,
    ),
    "build": lambda: oneoff.build(
        oneoff.BuildSpec(app=APP, build_id="b1", source_id="s1", source_url="http://127.0.0.1/s1", config_version=3),
        SITE,
    ),
    "build-from-url": lambda: oneoff.build(
        oneoff.BuildSpec(
            app=APP,
            build_id="b2",
            source_id=None,
            source_url="https://example.com/a.tgz",
            config_version=0,
            source_version="v1.0",
            private_fetch=True,
            first=True,
        ),
        SITE,
    ),
    "release-phase": lambda: oneoff.release_phase(
        oneoff.ReleasePhaseSpec(
            app=APP, release_version=12, slug_sha256=SHA, config_version=3, command="./migrate", size="free"
        ),
        SITE,
    ),
    "health-check": lambda: dyno.build(
        DynoSpec(
            app=APP,
            release_version=2,
            slug_sha256=SHA,
            config_version=0,
            processes=(ProcessSpec(type="web", command="./serve", quantity=1, size="free"),),
            boot_timeout_s=90,
            health=HealthSpec(
                path="/up?deep=1&x=y", host="example.localhost", interval_s=5, timeout_s=3, restart_after=4
            ),
        ),
        SITE,
    ),
    "oneoff": lambda: oneoff.run(
        oneoff.OneoffSpec(
            app=APP,
            number=7,
            release_version=12,
            slug_sha256=SHA,
            config_version=4,
            command="echo ${HOME}",
            size="standard-1x",
        ),
        SITE,
    ),
}


@pytest.mark.parametrize("name", sorted(JOBS))
def test_job_is_golden(name: str) -> None:
    """A release in, exactly this job out."""
    text = json.dumps(JOBS[name](), indent=2, sort_keys=True) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("NOMAPAAS_WRITE_GOLDEN"):
        path.write_text(text)

    assert path.read_text() == text


def test_scaling_changes_counts_alone() -> None:
    """What makes Nomad replace a running dyno stays equal when only a quantity changes."""

    def job(quantity: int) -> dict[str, object]:
        process = ProcessSpec(type="web", command="serve", quantity=quantity, size="free")
        spec = DynoSpec(app=APP, release_version=1, slug_sha256=SHA, config_version=1, processes=(process,))
        built = dyno.build(spec, SITE)
        for group in built["TaskGroups"]:
            del group["Count"], group["Update"]
        return built

    assert job(1) == job(7)


def test_a_rename_changes_the_jobs_name_alone() -> None:
    """A renamed app goes on running undisturbed."""

    def job(name: str) -> dict[str, object]:
        process = ProcessSpec(type="web", command="serve", quantity=1, size="free")
        app = AppRef(id=APP.id, name=name, stack=APP.stack)
        spec = DynoSpec(app=app, release_version=1, slug_sha256=SHA, config_version=1, processes=(process,))
        built = dyno.build(spec, SITE)
        del built["Name"]
        return built

    assert job("old") == job("new")


def test_no_config_value_can_be_in_a_job() -> None:
    """A job is built without any config value at hand: it names a Vault path and nothing more."""
    text = json.dumps(JOBS["web-and-worker"]())

    assert "nomapaas/data/apps/01234567-89ab-4cde-8f01-23456789abcd/config/3" in text
    assert "${HOME}" not in text
