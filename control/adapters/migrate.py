"""Alembic's part: from any released version of the schema to the newest."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from control.ports.state_archive import SchemaUnknown


def upgrade(connection: Connection) -> None:
    """Bring the schema behind a connection up to date. Raises SchemaUnknown."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise SchemaUnknown(
            "This state was written by a newer version of nomapaas; use that version, or a newer one."
        ) from exc
