"""A client of the API on in-memory ports, with every answer checked against the schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse

from control.app import create_app
from control.services.actor import Actor

ACCEPT = "application/vnd.heroku+json; version=3"

SCHEMAS = json.loads((Path(__file__).parent / "schemas" / "objects.json").read_text())["definitions"]

_KINDS = [
    (re.compile(pattern), kind)
    for pattern, kind in {
        r"/(account|users/~)": "account",
        r"/account/rate-limits": "rate-limit",
        r"/oauth/(authorizations|sessions)(/[^/]+)?": "oauth-authorization",
        r"(/users/~)?/apps(/[^/]+)?": "app",
        r"(/apps/[^/]+)?/sources": "source",
        r"/apps/[^/]+/builds(/[^/]+)?": "build",
        r"/apps/[^/]+/slugs(/[^/]+)?": "slug",
        r"/apps/[^/]+/releases(/[^/]+)?": "release",
        r"/apps/[^/]+(/releases/[^/]+)?/config-vars": "config-vars",
        r"/apps/[^/]+/formation(/[^/]+)?": "formation",
        r"/apps/[^/]+/log-sessions": "log-session",
        r"/apps/[^/]+/domains(/[^/]+)?": "domain",
        r"/apps/[^/]+/sni-endpoints(/[^/]+)?": "sni-endpoint",
        r"(/teams)?/apps/[^/]+/collaborators(/[^/]+)?": "collaborator",
        r"/account/app-transfers(/[^/]+)?": "app-transfer",
        r"/stacks(/[^/]+)?": "stack",
        r"/regions(/[^/]+)?": "region",
        r"/dyno-sizes(/[^/]+)?": "dyno-size",
    }.items()
]


def _check(method: str, path: str, response: TestResponse) -> None:
    if (
        method == "HEAD"
        or response.mimetype != "application/json"
        or path.startswith("/health")
        or response.status_code == 304
    ):
        return
    if response.status_code >= 400:
        _validate("error", response.json)
    if response.status_code < 300:
        found = response.json if isinstance(response.json, list) else [response.json]
        kind = next((kind for pattern, kind in _KINDS if pattern.fullmatch(path)), None)
        if method == "GET" and re.fullmatch(r"/apps/[^/]+/dynos(/[^/]+)?", path):
            kind = "dyno"
        for each in found if kind else ():
            _validate(str(kind), each)


def _validate(kind: str, value: Any) -> None:
    Draft202012Validator(SCHEMAS[kind], format_checker=FormatChecker()).validate(value)


class Api:
    """One client with one token."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self.client = client
        self.token = token

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        sent = {"Accept": ACCEPT}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            options["json"] = body
        response = self.client.open(path, method=method, headers=sent | (headers or {}), **options)
        _check(method, path.partition("?")[0], response)
        return response

    def get(self, path: str, **options: Any) -> TestResponse:
        return self("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self("POST", path, {} if body is None and "data" not in options else body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> TestResponse:
        return self("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self("DELETE", path, **options)


@pytest.fixture
def flask_app(plane: Any) -> Flask:
    return create_app(plane.ports, plane.settings, passwords=plane.passwords)


@pytest.fixture
def client_of(plane: Any, flask_app: Flask) -> Callable[[Actor | None], Api]:
    def make(actor: Actor | None) -> Api:
        return Api(flask_app.test_client(), plane.token(actor.account) if actor else None)

    return make


@pytest.fixture
def api(client_of: Callable[[Actor | None], Api], ada: Actor) -> Api:
    return client_of(ada)
