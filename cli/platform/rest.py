"""Talking to the servers' HTTP APIs while they are being set up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from cli.platform.problem import Problem


class Rest:
    """One server's API with one token. Every refusal is a Problem in the server's own words."""

    def __init__(self, name: str, url: str, headers: Mapping[str, str] | None = None, *, seconds: float = 20) -> None:
        self.name = name
        self._client = httpx.Client(base_url=url, headers=dict(headers or {}), timeout=seconds, trust_env=False)

    def ask(
        self, method: str, path: str, body: Any = None, *, params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One request; any answer is an answer. Raises Problem when there is none."""
        try:
            return self._client.request(method, path, json=body, params=params)
        except httpx.HTTPError as exc:
            raise Problem(
                f"{self.name} does not answer at {self._client.base_url} ({exc}); see `nomapaas status`."
            ) from exc

    def call(self, method: str, path: str, body: Any = None, *, params: Mapping[str, str] | None = None) -> Any:
        """One request that has to succeed; its JSON, or None when it has none."""
        response = self.ask(method, path, body, params=params)
        if response.status_code >= 400:
            raise Problem(
                f"{self.name} refused {method} {path} with status {response.status_code}: "
                f"{response.text.strip()[:400]}."
            )
        if not response.content or "json" not in response.headers.get("content-type", "application/json"):
            return None
        return response.json()

    def answers(self, path: str) -> httpx.Response | None:
        """The answer to a GET, or None when nobody listens."""
        try:
            return self._client.get(path, timeout=5)
        except httpx.HTTPError:
            return None
