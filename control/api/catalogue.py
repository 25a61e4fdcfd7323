"""`/stacks`, `/regions`, `/dyno-sizes`: what the platform comes with."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response

from control.api.context import platform
from control.api.presenters import EPOCH, JSON, fixed_id
from control.api.responses import listing, reply
from control.domain.apps import REGIONS
from control.domain.sizes import DEFAULT_SIZE, SIZES, Size
from control.errors import NotFound

routes = Blueprint("catalogue", __name__)

_KEYS = {"name": lambda row: row["name"], "id": lambda row: row["id"]}
_SMALLEST = min(size.cpu for size in SIZES.values())


@routes.get("/stacks")
def stacks() -> Response:
    """The stacks that apps can run on."""
    return listing(_stacks(), _KEYS, _same)


@routes.get("/stacks/<stack>")
def stack(stack: str) -> Response:
    """One stack."""
    return reply(_find(_stacks(), stack, "stack"))


@routes.get("/regions")
def regions() -> Response:
    """The regions: one."""
    return listing(_REGIONS, _KEYS, _same)


@routes.get("/regions/<region>")
def region(region: str) -> Response:
    """One region."""
    return reply(_find(_REGIONS, region, "region"))


@routes.get("/dyno-sizes")
def dyno_sizes() -> Response:
    """The sizes that dynos can have."""
    return listing(_SIZES, _KEYS, _same)


@routes.get("/dyno-sizes/<size>")
def dyno_size(size: str) -> Response:
    """One size."""
    return reply(_find(_SIZES, size.lower(), "dyno_size"))


def _same(row: JSON) -> JSON:
    return row


def _find(rows: Sequence[JSON], id_or_name: str, kind: str) -> JSON:
    for row in rows:
        if id_or_name in (row["id"], row["name"]):
            return row
    known = ", ".join(row["name"] for row in rows)
    raise NotFound(
        f"Couldn't find that {kind.replace('_', ' ')} ({id_or_name:.60}); there are: {known}.", resource=kind
    )


def _stacks() -> list[JSON]:
    names = platform().settings.stacks
    return [_stack(name, default=name == names[0]) for name in names]


def _stack(name: str, *, default: bool) -> JSON:
    return {
        "created_at": EPOCH,
        "default": default,
        "id": fixed_id("stack", name),
        "name": name,
        "state": "public",
        "updated_at": EPOCH,
    }


def _region(name: str) -> JSON:
    return {
        "country": "Wherever it runs",
        "created_at": EPOCH,
        "description": "This platform",
        "id": fixed_id("region", name),
        "locale": "Here",
        "name": name,
        "private_capable": False,
        "provider": {"name": "nomapaas", "region": "us-east-1"},
        "updated_at": EPOCH,
    }


def _size(size: Size) -> JSON:
    return {
        "architecture": "amd64",
        "can_autoscale": False,
        "compute": max(1, size.cpu // _SMALLEST),
        "cost": None,
        "dedicated": size.name.startswith("performance"),
        "default": size.name == DEFAULT_SIZE,
        "generation": {"id": fixed_id("generation", "cedar"), "name": "cedar"},
        "id": fixed_id("dyno-size", size.name),
        "infrastructure_tier": "production",
        "memory": size.memory_mb / 1024,
        "name": size.name,
        "precise_dyno_units": 1.0,
        "private_space_only": False,
        "product_dyno_tier": size.name.partition("-")[0],
    }


_REGIONS = [_region(name) for name in REGIONS]
_SIZES = [_size(size) for size in SIZES.values()]
