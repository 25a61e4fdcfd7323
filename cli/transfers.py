"""Streams and uploads at addresses that carry their own permission: the API token never goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import httpx

from cli.env import Environment
from cli.errors import CLIError, ConnectionLostError, StreamUnavailableError
from cli.transport import reason

BLOCK = 64 * 1024
UPLOAD_PAUSES = (0.5, 1.0, 2.0, 4.0)


class Transfers:
    """Bytes to and from the platform."""

    def __init__(self, *, env: Environment, http: httpx.Client) -> None:
        self._env = env
        self._http = http

    @contextmanager
    def stream(self, url: str, *, offset: int = 0, silence: float = 60) -> Iterator[Iterator[bytes]]:
        """The bytes behind an address from `offset` on; `silence` is how long it may say nothing."""
        headers = {"Accept": "text/plain", "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        timeout = httpx.Timeout(silence, connect=10)
        try:
            with self._http.stream("GET", url, headers=headers, timeout=timeout) as response:
                if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
                    yield iter(())
                    return
                if not response.is_success:
                    message = f"The platform answered {response.status_code} instead of an output stream."
                    raise StreamUnavailableError(message, status=response.status_code)
                whole = response.status_code != httpx.codes.PARTIAL_CONTENT
                yield _after(response.iter_bytes(), offset if whole else 0)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            message = f"The connection to {_host(url)} broke off ({reason(error)})."
            raise ConnectionLostError(message) from error

    def upload(self, url: str, file: IO[bytes], *, length: int, progress: Callable[[int], None]) -> None:
        """Put a file where the platform said; again, with growing pauses, when the connection fails."""
        pauses = iter(UPLOAD_PAUSES)
        while True:
            problem = self._put(url, file, length=length, progress=progress)
            if problem is None:
                return
            pause = next(pauses, None)
            if pause is None:
                raise CLIError(f"The upload to {_host(url)} failed: {problem}. Check the connection, then push again.")
            self._env.sleep(pause)

    def _put(self, url: str, file: IO[bytes], *, length: int, progress: Callable[[int], None]) -> str | None:
        """None, or what may pass; a refusal that will not pass is raised."""
        file.seek(0)
        try:
            # No Content-Type: the signature of the address covers none.
            response = self._http.put(url, content=_read(file, progress), headers={"Content-Length": str(length)})
        except httpx.TransportError as error:
            return reason(error)
        except httpx.InvalidURL as error:
            raise CLIError(f"The platform named an address for the upload that is none ({error}).") from error
        if response.is_success:
            return None
        code = _storage_code(response.text)
        if (
            response.is_server_error
            and code != "XMinioStorageFull"
            and response.status_code != httpx.codes.INSUFFICIENT_STORAGE
        ):
            return f"the storage answered {response.status_code} {code}".rstrip()
        if code == "XMinioStorageFull" or response.status_code == httpx.codes.INSUFFICIENT_STORAGE:
            raise CLIError("The platform's storage is full, so the source was not uploaded. Ask its administrator.")
        raise CLIError(
            f"The storage refused the upload ({response.status_code} {code}). Push again.".replace(" )", ")")
        )


def _read(file: IO[bytes], progress: Callable[[int], None]) -> Iterator[bytes]:
    sent = 0
    progress(sent)
    while block := file.read(BLOCK):
        yield block
        sent += len(block)
        progress(sent)


def _after(chunks: Iterator[bytes], skip: int) -> Iterator[bytes]:
    """The chunks without their first bytes, for servers that start again from the beginning."""
    for chunk in chunks:
        if skip >= len(chunk):
            skip -= len(chunk)
        else:
            yield chunk[skip:]
            skip = 0


def _host(url: str) -> str:
    try:
        return httpx.URL(url).netloc.decode("ascii")
    except httpx.InvalidURL:
        return "the platform"


def _storage_code(body: str) -> str:
    """S3's name of an error, out of its XML."""
    _, found, rest = body.partition("<Code>")
    return rest.partition("</Code>")[0] if found else ""
