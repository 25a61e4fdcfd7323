"""The node agent over its unix socket, through httpx."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from control.node.lines import fed
from control.node.metrics_wire import moment, unpacked, unpacked_tallies
from control.ports.errors import NodeUnavailable
from control.ports.metrics import Metrics, Tally
from control.ports.node import Activity, AppActivity, Crash, LogQuery, Memory, Refusal

_TIMEOUT = httpx.Timeout(10, connect=2)
_TAIL_TIMEOUT = httpx.Timeout(30, connect=2)
"""The node agent beats every 5 s."""
_COPY_TIMEOUT = httpx.Timeout(120, connect=2)
"""Copying a big archive takes as long as the disk does."""
_PIECE = 1 << 16


class NodeClient:
    """A client of `control.node`."""

    def __init__(self, socket_path: str) -> None:
        self._http = httpx.Client(
            base_url="http://node",
            transport=httpx.HTTPTransport(uds=socket_path, limits=httpx.Limits(max_connections=500)),
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def logs(self, query: LogQuery) -> Iterator[str]:
        asked = {
            "app": query.app_id,
            "lines": str(query.lines),
            "source": query.source,
            "dyno": query.dyno,
            "type": query.process_type,
            "tail": "1" if query.tail else None,
        }
        params = {key: value for key, value in asked.items() if value is not None}
        request = self._http.build_request(
            "GET", "/logs", params=params, timeout=_TAIL_TIMEOUT if query.tail else _TIMEOUT
        )
        return self._stream(request, lambda response: _lines(response.iter_raw()))

    def log(self, app_id: str, *, source: str, dyno: str, lines: Iterable[str]) -> None:
        body = {"app": app_id, "source": source, "dyno": dyno, "lines": list(lines)}
        self._ask("POST", "/logs", json=body)

    def output(self, allocation_id: str, *, task: str, offset: int = 0, limit: int = 1 << 20) -> bytes:
        params = {"task": task, "offset": str(offset), "limit": str(limit)}
        return self._ask("GET", f"/allocs/{allocation_id}/output", params=params).content

    def slug(self, allocation_id: str) -> Iterator[bytes]:
        request = self._http.build_request("GET", f"/allocs/{allocation_id}/slug")
        return self._stream(request, lambda response: response.iter_raw(_PIECE))

    def result(self, allocation_id: str) -> Mapping[str, Any] | None:
        try:
            found = self._ask("GET", f"/allocs/{allocation_id}/result").json()
        except KeyError:
            return None
        except ValueError as exc:
            raise NodeUnavailable("The node agent gives no proper answer. Run `nomapaas doctor`.") from exc
        return found if isinstance(found, dict) else None

    def keep_cache(self, allocation_id: str, *, app_id: str) -> None:
        self._ask("POST", f"/allocs/{allocation_id}/cache", json={"app": app_id}, timeout=_COPY_TIMEOUT)

    def keep_slug(self, app_id: str, *, sha256: str) -> None:
        self._ask("POST", f"/slugs/{app_id}/{sha256}", timeout=_COPY_TIMEOUT)

    def forget_cache(self, app_id: str) -> None:
        self._ask("DELETE", f"/apps/{app_id}/cache")

    def cache_sizes(self) -> Mapping[str, int]:
        return {str(app_id): int(size) for app_id, size in self._ask("GET", "/caches").json().items()}

    def memory(self, app_id: str) -> Sequence[Memory]:
        return [
            Memory(allocation_id=each["allocation"], dyno=each["dyno"], used_mb=float(each["used_mb"]))
            for each in self._ask("GET", f"/apps/{app_id}/memory").json()
        ]

    def crashes(self, app_id: str) -> Sequence[Crash]:
        return [
            Crash(
                dyno=each["dyno"],
                allocation_id=each["allocation"],
                exit_code=each["exit_code"],
                oom_killed=each["oom_killed"],
                unwell=each.get("unwell", False),
                at=datetime.fromisoformat(each["at"]),
                lines=tuple(each["lines"]),
            )
            for each in self._ask("GET", f"/apps/{app_id}/crashes").json()
        ]

    def refusals(self) -> Sequence[Refusal]:
        return [
            Refusal(
                app_id=each["app"],
                allocation_id=each["allocation"],
                dyno=each["dyno"],
                times=int(each["times"]),
                first=datetime.fromisoformat(each["first"]),
                last=datetime.fromisoformat(each["last"]),
            )
            for each in self._ask("GET", "/refusals").json()
        ]

    def freeze(self, app_id: str) -> Sequence[str]:
        return [str(each) for each in self._ask("POST", f"/apps/{app_id}/freeze").json()["frozen"]]

    def thaw(self, app_id: str) -> None:
        self._ask("POST", f"/apps/{app_id}/thaw")

    def frozen(self) -> Mapping[str, Sequence[str]]:
        return {str(app_id): list(found) for app_id, found in self._ask("GET", "/frozen").json().items()}

    def activity(self) -> Activity:
        found = self._ask("GET", "/activity").json()
        return Activity(
            since=moment(found["since"]),
            heard_at=moment(found["heard_at"]),
            apps={
                app_id: AppActivity(last_request=datetime.fromisoformat(last), in_flight=in_flight)
                for app_id, (last, in_flight) in found["apps"].items()
            },
        )

    def metrics(self, app_id: str, *, first: datetime, last: datetime, step: int = 1) -> Metrics:
        minutes = {name: str(int(at.timestamp()) // 60) for name, at in (("first", first), ("last", last))}
        return unpacked(self._ask("GET", f"/apps/{app_id}/metrics", params={**minutes, "step": str(step)}).json())

    def tallies(self) -> Mapping[str, Tally]:
        return unpacked_tallies(self._ask("GET", "/metrics").json())

    def forget(self, app_id: str) -> None:
        self._ask("DELETE", f"/apps/{app_id}")

    def ping(self) -> None:
        self._ask("GET", "/health")

    def close(self) -> None:
        """Let the kept connections go."""
        self._http.close()

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        with _translated():
            response = self._http.request(method, path, **options)
        return _checked(response)

    def _stream(self, request: httpx.Request, reader: Any) -> Iterator[Any]:
        with _translated():
            response = self._http.send(request, stream=True)
            if response.is_error:
                response.read()
                response.close()
        _checked(response)

        def pieces() -> Iterator[Any]:
            try:
                yield None
                with _translated():
                    yield from reader(response)
            finally:
                response.close()

        stream = pieces()
        # From here on the connection goes back even if nobody ever reads.
        next(stream)
        return stream


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    return (line.decode("utf-8", "replace") for line in fed(pieces))


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code == httpx.codes.NOT_FOUND:
        raise KeyError(_message(response))
    if response.is_error:
        raise NodeUnavailable(f"The node agent could not do it: {_message(response)}")
    return response


def _message(response: httpx.Response) -> str:
    try:
        return str(json.loads(response.content)["message"])
    except (ValueError, KeyError, TypeError):
        return f"it answered {response.status_code}."


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError) as exc:
        raise NodeUnavailable("The node agent does not answer. Run `nomapaas status`.") from exc
