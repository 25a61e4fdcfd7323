"""The edge over its unix socket, through httpx."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from control.ports.edge import CacheCounts
from control.ports.errors import EdgeUnavailable

_TIMEOUT = httpx.Timeout(5, connect=2)
_NO_CACHE = "The HTTP cache does not answer. Run `nomapaas status`, and try again."
_OLD_EDGE = "The edge does not know that question: it is of an older version. Run `nomapaas up`."


class EdgeClient:
    """A client of `edge.sock` (docs/routing.md)."""

    def __init__(self, socket_path: str) -> None:
        self._http = httpx.Client(
            base_url="http://edge",
            transport=httpx.HTTPTransport(uds=socket_path),
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def cache_counts(self, app_id: str) -> CacheCounts:
        found = self._ask("GET", "/cache", params={"app": app_id}, otherwise=_NO_CACHE)
        try:
            return CacheCounts(
                hits=int(found["hits"]),
                misses=int(found["misses"]),
                passes=int(found["passes"]),
                stale=int(found["stale"]),
                since=datetime.fromtimestamp(found["since"], UTC),
                answers=bool(found["answers"]),
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise EdgeUnavailable("The edge gives no proper answer. Run `nomapaas up`.") from exc

    def answers_challenge(self, token: str) -> bool:
        try:
            return self._http.get("/challenge", params={"token": token}).status_code == httpx.codes.OK
        except httpx.HTTPError as exc:
            raise EdgeUnavailable("The edge does not answer. Run `nomapaas status`.") from exc

    def release_served(self, app_id: str) -> int | None:
        release = self._served(app_id).get("release")
        return int(release) if release else None

    def state_served(self, app_id: str) -> str | None:
        state = self._served(app_id).get("state")
        return str(state) if state else None

    def purge(self, app_id: str, *, host: str | None, path: str, prefix: bool) -> None:
        named = {"host": host} if host else {}
        self._ask("POST", "/cache", json={"app": app_id, "path": path, "prefix": prefix} | named, otherwise=_NO_CACHE)

    def close(self) -> None:
        """Let the kept connections go."""
        self._http.close()

    def _served(self, app_id: str) -> Any:
        return self._ask("GET", "/served", params={"app": app_id}, otherwise=_OLD_EDGE)

    def _ask(self, method: str, path: str, *, otherwise: str, **options: Any) -> Any:
        """The edge's JSON. Raises EdgeUnavailable, with `otherwise` where the edge says no."""
        try:
            response = self._http.request(method, path, **options)
            value = response.json() if response.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, ValueError) as exc:
            raise EdgeUnavailable("The edge does not answer. Run `nomapaas status`.") from exc
        if value is None:
            raise EdgeUnavailable(otherwise)
        return value
