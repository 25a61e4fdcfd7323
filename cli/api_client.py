"""The control API over HTTP: JSON in and out, its errors as ours."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from cli import __version__
from cli.app_choice import is_loopback
from cli.env import Environment
from cli.errors import APIError, APIUnreachableError, CLIError, NotLoggedInError
from cli.output import Console
from cli.text import sentence
from cli.transfers import Transfers
from cli.transport import make_client, reason

ACCEPT = "application/vnd.heroku+json; version=3"
WHOLE = "..; max=1000"
"""The largest pages that the API gives: a list of a thousand apps is one answer instead of five."""
PATIENT_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)

_T = TypeVar("_T")


class APIClient:
    """One session with the control API at `base_url`."""

    def __init__(self, *, env: Environment, console: Console, base_url: str, token: str | None) -> None:
        self._env = env
        self._console = console
        self.base_url = base_url
        self._token = token
        self._request_id = str(uuid.uuid4())
        self._http = make_client(user_agent=f"nomapaas-cli/{__version__}", transport=env.transport)
        self.transfers = Transfers(env=env, http=self._http)

    def get(self, where: str, *, patient: bool = False) -> Any:
        """One object. `patient` waits out a restart of the API: for watches over something long."""
        if patient:
            return self._patiently(lambda: self.get(where))
        return self._decoded(self._send("GET", where), dict)

    def list(self, where: str, *, order: str | None = None, patient: bool = False) -> list[Any]:
        """A list, whole, page by page; or the one page of a Range such as `version ..; order=desc,max=1`."""
        if patient:
            return self._patiently(lambda: self.list(where, order=order))
        items: list[Any] = []
        headers = {"Range": order or WHOLE}
        while True:
            response = self._send("GET", where, headers=headers)
            items += self._decoded(response, list)
            following = response.headers.get("Next-Range")
            if order or response.status_code != httpx.codes.PARTIAL_CONTENT or not following:
                return items
            headers = {"Range": following}

    def post(self, where: str, body: Any = None) -> Any:
        """Make something, or ask for an action."""
        return self._decoded(self._send("POST", where, body=body if body is not None else {}), (dict, list))

    def put(self, where: str, body: Any) -> Any:
        """Put something in the place of what there is; its new state is the answer."""
        return self._decoded(self._send("PUT", where, body=body), (dict, list))

    def patch(self, where: str, body: Any) -> Any:
        """Change something; its new state is the answer."""
        return self._decoded(self._send("PATCH", where, body=body), (dict, list))

    def delete(self, where: str) -> Any:
        """Remove something; its last state is the answer."""
        return self._decoded(self._send("DELETE", where), (dict, list))

    def login(self, *, email: str, password: str) -> Any:
        """Trade an e-mail address and a password for a token."""
        body = {"description": "nomapaas CLI", "scope": ["global"]}
        auth = httpx.BasicAuth(email, password)
        return self._decoded(self._send("POST", "/oauth/authorizations", body=body, auth=auth), dict)

    def _send(
        self,
        method: str,
        where: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> httpx.Response:
        if auth is None and not self._token:
            raise NotLoggedInError('You are not logged in. Run "nomapaas login", or set NOMAPAAS_API_KEY.')
        sent = {"Accept": ACCEPT, "Request-Id": self._request_id, **(headers or {})}
        if auth is None:
            sent["Authorization"] = f"Bearer {self._token}"
        started = self._env.monotonic()
        try:
            # An auth object, even an empty one, keeps httpx from sending what a .netrc has for this host.
            response = self._http.request(
                method, self.base_url + where, json=body, headers=sent, auth=auth or httpx.Auth()
            )
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise APIUnreachableError(self._unreachable(error)) from error
        except UnicodeEncodeError as error:
            raise CLIError("The API token holds characters that no token has. Set NOMAPAAS_API_KEY again.") from error
        if self._env.debug:
            took = self._env.monotonic() - started
            self._console.note(f"{method} {self.base_url}{where} {response.status_code} {took * 1000:.0f}ms")
        if warning := response.headers.get("X-Heroku-Warning") or response.headers.get("Warning-Message"):
            self._console.warn(warning)
        if not response.is_success:
            raise self._failure(response)
        return response

    def _decoded(self, response: httpx.Response, kind: type | tuple[type, ...]) -> Any:
        try:
            value = response.json()
        except ValueError:
            value = None
        if not isinstance(value, kind):
            raise CLIError(f"{self.base_url} did not answer like a nomapaas API. Check NOMAPAAS_API_URL.")
        return value

    def _failure(self, response: httpx.Response) -> CLIError:
        try:
            body = response.json()
        except ValueError:
            body = None
        message = body.get("message") if isinstance(body, dict) else None
        if not isinstance(message, str) or not message:
            message = f"{self.base_url} answered {response.status_code} {response.reason_phrase}".rstrip()
            body = {}
        message = sentence(message)
        if response.status_code == httpx.codes.UNAUTHORIZED and self._token:
            if self._env.variables.get("NOMAPAAS_API_KEY"):
                message += " The token that was sent is the one in NOMAPAAS_API_KEY."
            elif "nomapaas login" not in message:
                message += ' Run "nomapaas login".'
        if response.is_server_error:
            request_id = response.headers.get("Request-Id", self._request_id)
            message += f" (Request {request_id}.)"
        error_id = str(body.get("id", "")) if isinstance(body, dict) else ""
        return APIError(message, status=response.status_code, error_id=error_id, body=body)

    def _unreachable(self, error: Exception) -> str:
        what = f"The control API at {self.base_url} cannot be reached ({reason(error)}). "
        if is_loopback(urlsplit(self.base_url).hostname):
            return what + 'Start the platform with "nomapaas up", or set NOMAPAAS_API_URL to where it runs.'
        return what + "Check the network, and NOMAPAAS_API_URL."

    def _patiently(self, call: Callable[[], _T]) -> _T:
        for pause in PATIENT_PAUSES:
            try:
                return call()
            except APIUnreachableError:
                pass
            except APIError as error:
                if error.status not in (502, 503, 504):
                    raise
            self._env.sleep(pause)
        return call()
