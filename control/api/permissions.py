"""The permission table: what every route demands, in one place.

A request is let in when its token's scopes cover `scope`, its account is an admin where `who` says so, and (in the
view, by `the_app`) the account has `permission` on the app in the path. A route without a row is closed to everybody.
docs/permissions.md tells people; tests/unit/control/api/test_permissions.py tries every row in every role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from control.domain.permissions import Permission, Scope


class Who(Enum):
    """Whose requests a route takes."""

    ANYBODY = auto()
    """Also without a token: the view checks by itself, or has nothing to hide."""
    ACCOUNT = auto()
    ADMIN = auto()
    ROUTER = auto()
    """The edge alone, from this machine, by its own token: it is nobody's account."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What one route demands."""

    who: Who = Who.ACCOUNT
    scope: Scope
    permission: Permission | None = None
    """On the app that the path names as `<app>`; None where it names none."""
    any_media: bool = False
    """Also for who cannot ask for Heroku's media type."""


ANYBODY = Demand(who=Who.ANYBODY, scope=Scope.IDENTITY)
LOGIN = Demand(who=Who.ANYBODY, scope=Scope.GLOBAL)
"""E-mail and password, or a token that may do everything: a smaller one would make itself a larger one."""
WHOAMI = Demand(scope=Scope.IDENTITY)
READ = Demand(scope=Scope.READ)
PROTECTED = Demand(scope=Scope.READ_PROTECTED)
WRITE = Demand(scope=Scope.WRITE)
ACCOUNT = Demand(scope=Scope.GLOBAL)
"""The account itself, and its tokens: nothing that a token of a smaller scope may widen."""
ROUTER = Demand(who=Who.ROUTER, scope=Scope.GLOBAL)
ADMIN = Demand(who=Who.ADMIN, scope=Scope.GLOBAL)
SCRAPE = Demand(who=Who.ADMIN, scope=Scope.READ, any_media=True)
"""By Prometheus, whose configuration holds a token: one that can read is enough."""
VIEW = Demand(scope=Scope.READ, permission=Permission.VIEW)
DEPLOY = Demand(scope=Scope.WRITE, permission=Permission.DEPLOY)
OPERATE = Demand(scope=Scope.WRITE, permission=Permission.OPERATE)
MANAGE = Demand(scope=Scope.WRITE, permission=Permission.MANAGE)
OWN = Demand(scope=Scope.WRITE, permission=Permission.OWN)
READ_CONFIG = Demand(scope=Scope.READ_PROTECTED, permission=Permission.OPERATE)
WRITE_CONFIG = Demand(scope=Scope.WRITE_PROTECTED, permission=Permission.OPERATE)
"""Also for what can print config vars, such as a one-off dyno."""
SET_UP = Demand(scope=Scope.WRITE_PROTECTED)
"""Makes an app, its config vars among the rest."""
READ_TRAIL = Demand(scope=Scope.READ_PROTECTED, permission=Permission.MANAGE)
SHARE = Demand(scope=Scope.GLOBAL, permission=Permission.MANAGE)

TABLE: Mapping[str, Demand] = MappingProxyType(
    {
        "GET /account": WHOAMI,
        "PATCH /account": ACCOUNT,
        "DELETE /account": ACCOUNT,
        "GET /account/app-transfers": READ,
        "POST /account/app-transfers": ACCOUNT,
        "GET /account/app-transfers/<transfer>": READ,
        "PATCH /account/app-transfers/<transfer>": ACCOUNT,
        "DELETE /account/app-transfers/<transfer>": ACCOUNT,
        "GET /account/features": READ,
        "GET /account/keys": READ,
        "GET /account/quota": READ,
        "GET /account/rate-limits": WHOAMI,
        "GET /addons": READ,
        "GET /apps": READ,
        "POST /apps": WRITE,
        "GET /apps/<app>": VIEW,
        "PATCH /apps/<app>": MANAGE,
        "DELETE /apps/<app>": OWN,
        "POST /apps/<app>/actions/sleep": OPERATE,
        "POST /apps/<app>/actions/wake": OPERATE,
        "POST /apps/<app>/acm": OPERATE,
        "PATCH /apps/<app>/acm": OPERATE,
        "DELETE /apps/<app>/acm": OPERATE,
        "GET /apps/<app>/addon-attachments": VIEW,
        "GET /apps/<app>/addons": VIEW,
        "GET /app-setups/<setup>": READ,
        "POST /app-setups": SET_UP,
        "GET /apps/<app>/autosleep": VIEW,
        "PATCH /apps/<app>/autosleep": OPERATE,
        "GET /apps/<app>/buildpack-installations": VIEW,
        "PUT /apps/<app>/buildpack-installations": DEPLOY,
        "GET /apps/<app>/builds": VIEW,
        "POST /apps/<app>/builds": DEPLOY,
        "GET /apps/<app>/builds/<build>": VIEW,
        "DELETE /apps/<app>/builds/<build>": DEPLOY,
        "DELETE /apps/<app>/build-cache": DEPLOY,
        "GET /apps/<app>/cache": VIEW,
        "PATCH /apps/<app>/cache": OPERATE,
        "POST /apps/<app>/cache/actions/purge": OPERATE,
        "GET /apps/<app>/collaborators": VIEW,
        "POST /apps/<app>/collaborators": SHARE,
        "GET /apps/<app>/collaborators/<collaborator>": VIEW,
        "PATCH /apps/<app>/collaborators/<collaborator>": SHARE,
        "DELETE /apps/<app>/collaborators/<collaborator>": SHARE,
        "GET /apps/<app>/config-vars": READ_CONFIG,
        "PATCH /apps/<app>/config-vars": WRITE_CONFIG,
        "GET /apps/<app>/domains": VIEW,
        "POST /apps/<app>/domains": OPERATE,
        "GET /apps/<app>/domains/<domain>": VIEW,
        "PATCH /apps/<app>/domains/<domain>": OPERATE,
        "DELETE /apps/<app>/domains/<domain>": OPERATE,
        "GET /apps/<app>/crashes": VIEW,
        "GET /apps/<app>/dynos": VIEW,
        "POST /apps/<app>/dynos": WRITE_CONFIG,
        "DELETE /apps/<app>/dynos": OPERATE,
        "GET /apps/<app>/dynos/<dyno>": VIEW,
        "DELETE /apps/<app>/dynos/<dyno>": OPERATE,
        "POST /apps/<app>/dynos/<dyno>/actions/stop": OPERATE,
        "GET /apps/<app>/events": READ_TRAIL,
        "GET /apps/<app>/features": VIEW,
        "GET /apps/<app>/features/<feature>": VIEW,
        "PATCH /apps/<app>/features/<feature>": OPERATE,
        "GET /apps/<app>/formation": VIEW,
        "PATCH /apps/<app>/formation": OPERATE,
        "GET /apps/<app>/formation/<process_type>": VIEW,
        "PATCH /apps/<app>/formation/<process_type>": OPERATE,
        "DELETE /apps/<app>/formations/<process_type>": OPERATE,
        "POST /apps/<app>/formations/<process_type>/actions/stop": OPERATE,
        "GET /apps/<app>/https": VIEW,
        "PATCH /apps/<app>/https": OPERATE,
        "GET /apps/<app>/log-drains": VIEW,
        "POST /apps/<app>/log-sessions": VIEW,
        "GET /apps/<app>/metrics": VIEW,
        "GET /apps/<app>/oneoffs": VIEW,
        "GET /apps/<app>/pipeline-couplings": VIEW,
        "GET /apps/<app>/releases": VIEW,
        "POST /apps/<app>/releases": DEPLOY,
        "GET /apps/<app>/releases/<release>": VIEW,
        "GET /apps/<app>/releases/<release>/config-vars": READ_CONFIG,
        "POST /apps/<app>/slugs": DEPLOY,
        "GET /apps/<app>/slugs/<slug>": VIEW,
        "GET /apps/<app>/sni-endpoints": VIEW,
        "POST /apps/<app>/sni-endpoints": OPERATE,
        "GET /apps/<app>/sni-endpoints/<endpoint>": VIEW,
        "PATCH /apps/<app>/sni-endpoints/<endpoint>": OPERATE,
        "DELETE /apps/<app>/sni-endpoints/<endpoint>": OPERATE,
        "POST /apps/<app>/sources": DEPLOY,
        "GET /apps/<app>/webhooks": VIEW,
        "GET /buildpacks": WHOAMI,
        "GET /buildpacks/<namespace>/<name>": WHOAMI,
        "GET /dyno-sizes": WHOAMI,
        "GET /dyno-sizes/<size>": WHOAMI,
        "POST /edge/apps/<uuid>/actions/wake": ROUTER,
        "POST /garbage-collections": ADMIN,
        "GET /events": PROTECTED,
        "GET /health": ANYBODY,
        "GET /health/live": ANYBODY,
        "GET /metrics": SCRAPE,
        "GET /oauth/authorizations": ACCOUNT,
        "POST /oauth/authorizations": LOGIN,
        "GET /oauth/authorizations/<token>": ACCOUNT,
        "DELETE /oauth/authorizations/<token>": ACCOUNT,
        "DELETE /oauth/sessions/<token>": ACCOUNT,
        "GET /pipelines": READ,
        "GET /regions": WHOAMI,
        "GET /regions/<region>": WHOAMI,
        "POST /sources": WRITE,
        "GET /stacks": WHOAMI,
        "GET /stacks/<stack>": WHOAMI,
        "GET /streams/logs/<signed>": ANYBODY,
        "GET /streams/outputs/<signed>": ANYBODY,
        "GET /teams": READ,
        "GET /teams/apps/<app>/collaborators": VIEW,
        "POST /teams/apps/<app>/collaborators": SHARE,
        "GET /teams/apps/<app>/collaborators/<collaborator>": VIEW,
        "PATCH /teams/apps/<app>/collaborators/<collaborator>": SHARE,
        "DELETE /teams/apps/<app>/collaborators/<collaborator>": SHARE,
        "GET /teams/permissions": WHOAMI,
        "GET /users": ADMIN,
        "POST /users": ADMIN,
        "GET /users/<user>": ADMIN,
        "PATCH /users/<user>": ADMIN,
        "DELETE /users/<user>": ADMIN,
        "POST /users/<user>/actions/reset": ADMIN,
        "GET /users/~": WHOAMI,
        "GET /users/~/apps": READ,
    }
)
"""Method and rule, as Flask writes it, in the order of the paths."""


def demand_of(method: str, rule: str) -> Demand | None:
    """What a route demands; None when the table has no row for it."""
    if method == "OPTIONS":
        return WHOAMI
    return TABLE.get(f"{'GET' if method == 'HEAD' else method} {rule}")
