"""A control API over in-memory ports, with something in it: an admin, an app that runs, and ids that lead deep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

from argon2 import PasswordHasher
from flask import Flask

from control.app import create_app
from control.domain.releases import ReleaseStatus
from control.domain.slugs import Slug
from control.services.accounts import Passwords, create_token, ensure_admin
from control.services.actor import Actor
from control.services.apps import CreateApp
from control.services.releases import create_release
from control.settings import Secret, Servers, Settings
from tests.memory_ports import memory_ports

API = Path(__file__).parents[2] / "control" / "api"
_FIELD = re.compile(r'bodies\.\w+\(\w+, "(\w+)"')
KNOWN = ("fuzzed", "@app@", "@slug@", "@release@", "@token@", "@account@", "ada@example.com", "web", "web.1", "1", "~")
"""Names of what there is, and marks for ids."""
_ACCEPT = "application/vnd.heroku+json; version=3"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is fuzzed."""

    app: Flask
    headers: dict[str, str]
    """Of an admin with a token that may do everything, so that nothing stops at the door."""
    ids: Mapping[str, str]
    """Ids of what there is, by a mark that stands for them in generated requests."""

    @property
    def alive(self) -> bool:
        """Whether app and token are still there: a fuzzed request may well remove them."""
        return self.app.test_client().get("/apps/fuzzed", headers=self.headers).status_code == HTTPStatus.OK

    def fill(self, text: str) -> str:
        """The text with ids in place of the marks."""
        for mark, known in self.ids.items():
            text = text.replace(mark, known)
        return text


def fields() -> tuple[str, ...]:
    """Every field that a view reads from a body: they are found in the source, so that a new one is fuzzed, too."""
    return tuple(sorted({name for path in API.glob("*.py") for name in _FIELD.findall(path.read_text())}))


def make() -> Target:
    """A new one."""
    ports = memory_ports()
    settings = Settings(
        home=Path("/nonexistent"),
        database_url="sqlite://",
        servers=Servers(signing_secret=Secret("0" * 64)),
        rate_limit=10**9,
        login_attempts=10**9,
    )
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    account, _ = ensure_admin(
        ports.state, ports.clock, passwords, email="ada@example.com", password="correct horse battery"
    )
    actor = Actor(account=account, remote="192.0.2.1")
    app = CreateApp(ports=ports)(actor, name="fuzzed")
    slug = Slug(
        id=str(uuid4()),
        app_id=app.id,
        sha256="0" * 64,
        size=1,
        process_types={"web": "python app.py", "worker": "true", "release": "true"},
        stack=app.stack,
        created_at=ports.clock.now(),
        updated_at=ports.clock.now(),
    )
    with ports.state.begin() as work:
        work.slugs.add(slug)
        release = create_release(
            work, now=ports.clock.now(), app_id=app.id, slug=slug, description="Deploy", user_id=account.id
        )
        work.releases.save(replace(release, status=ReleaseStatus.SUCCEEDED))
        token, secret = create_token(work, ports.clock, account, description="fuzz")
        work.commit()
    return Target(
        app=create_app(ports, settings, passwords=passwords),
        headers={"Accept": _ACCEPT, "Authorization": f"Bearer {secret}"},
        ids={"@app@": app.id, "@slug@": slug.id, "@release@": release.id, "@token@": token.id, "@account@": account.id},
    )
