"""Connections: `*.localhost` without a resolver, loopback without a proxy, the system's certificates."""

from __future__ import annotations

import ssl

import httpx

LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


class LocalhostTransport(httpx.HTTPTransport):
    """Connects to 127.0.0.1 for names under `.localhost`, which few resolvers know; the Host header stays."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.host.endswith(".localhost"):
            return super().handle_request(request)
        return super().handle_request(
            httpx.Request(
                method=request.method,
                url=request.url.copy_with(host="127.0.0.1"),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
        )


def trusted_certificates() -> ssl.SSLContext:
    """The system's certificate store, where a team's own authority may be; httpx's list when there is none."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    return context if paths.cafile or paths.capath else httpx.create_ssl_context()


def make_client(*, user_agent: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    """An HTTP client. It follows no redirects: none of our addresses redirects, and a token must not travel."""
    timeout = httpx.Timeout(60, connect=10)
    headers = {"User-Agent": user_agent}
    if transport is not None:
        return httpx.Client(transport=transport, timeout=timeout, headers=headers)
    context = trusted_certificates()
    local = LocalhostTransport(verify=context)
    mounts: dict[str, httpx.BaseTransport | None] = dict.fromkeys((*LOOPBACK, "all://*.localhost"), local)
    return httpx.Client(verify=context, mounts=mounts, timeout=timeout, headers=headers)


def reason(error: Exception) -> str:
    """Why a connection failed, in words without the library's names."""
    if isinstance(error, httpx.ConnectTimeout):
        return "no answer within 10 seconds"
    if isinstance(error, httpx.TimeoutException):
        return "it took too long to answer"
    text = str(error).strip().rstrip(".")
    if "Connection refused" in text:
        return "connection refused"
    if "Name or service not known" in text or "nodename nor servname" in text or "No address associated" in text:
        return "unknown host name"
    return text or type(error).__name__
