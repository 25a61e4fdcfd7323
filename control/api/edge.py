"""Who the edge is: nobody's account, but the one program that holds the router's token, on this machine."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from flask import request

from control.api.context import platform
from control.domain.accounts import token_digest
from control.errors import Unauthorized


def demand_router() -> None:
    """Let only the edge pass. Raises Unauthorized."""
    known = platform().settings.servers.router_token_digest
    credentials = request.authorization
    token = (credentials.token if credentials is not None and credentials.type == "bearer" else None) or ""
    genuine = bool(token and known) and hmac.compare_digest(token_digest(token), known)
    if not genuine or not _is_near(request.remote_addr):
        raise Unauthorized("Only the platform's own router may ask this, with the token that `nomapaas up` gives it.")


def _is_near(address: str | None) -> bool:
    """Whether a request comes from this machine: from loopback, or from the one address that the API listens on."""
    try:
        return address == platform().settings.bind or ip_address(address or "").is_loopback
    except ValueError:
        return False
