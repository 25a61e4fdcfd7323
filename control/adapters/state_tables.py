"""The tables of the platform's state: one column a field of the domain's records, the same names."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator

from control.adapters.column_types import Record
from control.domain.builds import BuildStatus
from control.domain.health_checks import HealthCheck
from control.domain.own_pages import OwnPages
from control.domain.permissions import Scope
from control.domain.releases import ReleaseStatus
from control.domain.sleeping import Autosleep, SleepCause


class Instant(TypeDecorator[datetime]):
    """An aware UTC time on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Choice(TypeDecorator[StrEnum]):
    """One value of an enum, kept as its text."""

    impl = String(20)
    cache_ok = True

    def __init__(self, choices: type[StrEnum]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: StrEnum | None, _dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> StrEnum | None:
        """From the database."""
        return None if value is None else self.choices(value)


class Choices(TypeDecorator[tuple[StrEnum, ...]]):
    """Some values of an enum in one column."""

    impl = JSON
    cache_ok = True

    def __init__(self, choices: type[StrEnum]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: tuple[StrEnum, ...] | None, _dialect: Dialect) -> list[str]:
        """To the database."""
        return [str(each) for each in value or ()]

    def process_result_value(self, value: list[str] | None, _dialect: Dialect) -> tuple[StrEnum, ...]:
        """From the database."""
        return tuple(self.choices(each) for each in value or ())


class Names(TypeDecorator[tuple[str, ...]]):
    """A few texts in one column."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, _dialect: Dialect) -> list[str]:
        """To the database."""
        return list(value or ())

    def process_result_value(self, value: list[str] | None, _dialect: Dialect) -> tuple[str, ...]:
        """From the database."""
        return tuple(value or ())


metadata = MetaData()
_UUID = String(36)


def _owned(**options: Any) -> Column[Any]:
    return Column("app_id", _UUID, ForeignKey("apps.id"), nullable=False, **options)


accounts = Table(
    "accounts",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("email", String(255), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("quota", JSON, nullable=False, server_default="{}"),
    Column("last_login", Instant),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("account_id", _UUID, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("description", Text, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("scopes", Choices(Scope), nullable=False, server_default='["global"]'),
)

apps = Table(
    "apps",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("name", String(30), nullable=False),
    Column("owner_id", _UUID, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("stack", String(60), nullable=False),
    Column("region", String(60), nullable=False),
    Column("maintenance", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("released_at", Instant),
    Column("desired_generation", Integer, nullable=False),
    Column("applied_generation", Integer, nullable=False),
    Column("applied_modify_index", BigInteger, nullable=False),
    Column("destroyed_at", Instant),
    Column("restart_nonce", Integer, nullable=False),
    Column("config_versions", Integer, nullable=False, server_default="0"),
    Column("buildpacks", Names, nullable=False, server_default="[]"),
    Column("autosleep", Record(Autosleep)),
    Column("asleep_since", Instant),
    Column("asleep_because", Choice(SleepCause)),
    Column("frozen", Boolean, nullable=False, server_default=false()),
    Column("woken_at", Instant),
    Column("waking", Boolean, nullable=False, server_default=false()),
    Column("cache", Boolean, nullable=False, server_default=false()),
    Column("cache_purges", Integer, nullable=False, server_default="0"),
    Column("force_https", Boolean, nullable=False, server_default=false()),
    Column("hsts", Integer, nullable=False, server_default="0"),
    Column("acm", Boolean, nullable=False, server_default=false()),
    Column("features", Names, nullable=False, server_default="[]"),
)
# A destroyed app gives its name back at once, though its row stays until the worker has removed what it owned.
_alive = text("destroyed_at IS NULL")
Index("apps_name", apps.c.name, unique=True, sqlite_where=_alive, postgresql_where=_alive)
_gone = text("destroyed_at IS NOT NULL")
Index("apps_destroyed", apps.c.destroyed_at, sqlite_where=_gone, postgresql_where=_gone)
# The worker asks for these ten times a second, so the index holds only the few rows that it asks for.
BEHIND = text("applied_generation < desired_generation")
WAKING = text("waking")
Index("apps_waking", apps.c.woken_at, sqlite_where=WAKING, postgresql_where=WAKING)
Index("apps_behind", apps.c.desired_generation, sqlite_where=BEHIND, postgresql_where=BEHIND)

builds = Table(
    "builds",
    metadata,
    Column("id", _UUID, primary_key=True),
    _owned(),
    Column("user_id", _UUID, nullable=False),
    Column("status", Choice(BuildStatus), nullable=False),
    Column("source_url", Text, nullable=False),
    Column("source_checksum", String(80)),
    Column("source_version", Text),
    Column("source_description", Text),
    Column("stack", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("buildpacks", Names, nullable=False),
    Column("reports", JSON, nullable=False, server_default="{}"),
    Column("started_at", Instant),
    Column("slug_id", _UUID),
    Column("release_id", _UUID),
    Column("cancel_requested", Boolean, nullable=False),
    Column("failure_message", Text),
    Index("builds_of_app", "app_id", "created_at"),
    Index("builds_by_status", "status", "created_at"),
)

slugs = Table(
    "slugs",
    metadata,
    Column("id", _UUID, primary_key=True),
    _owned(),
    Column("sha256", String(64)),
    Column("size", Integer),
    Column("process_types", JSON, nullable=False),
    Column("stack", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("commit", Text),
    Column("commit_description", Text),
    Column("buildpack_provided_description", Text),
    Column("build_key", String(128)),
    Column("announced_sha256", String(64)),
    Column("app_json", JSON(none_as_null=True)),
    Column("health_check", Record(HealthCheck)),
    Index("slugs_by_build_key", "app_id", "build_key"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", _UUID, primary_key=True),
    _owned(),
    Column("version", Integer, nullable=False),
    Column("status", Choice(ReleaseStatus), nullable=False),
    Column("description", Text, nullable=False),
    Column("user_id", _UUID, nullable=False),
    Column("slug_id", _UUID),
    Column("config_version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("failure_message", Text),
    Column("pages", Record(OwnPages)),
    UniqueConstraint("app_id", "version", name="releases_version"),
    Index("releases_by_status", "status", "created_at"),
    Index("releases_of_app_by_status", "app_id", "status", "version"),
)

formations = Table(
    "formations",
    metadata,
    Column("id", _UUID, nullable=False, unique=True),
    _owned(primary_key=True),
    Column("type", String(63), primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("size", String(30), nullable=False),
    Column("command", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _UUID, primary_key=True),
    # No foreign key: the trail outlives the app.
    Column("app_id", _UUID),
    Column("actor_id", _UUID),
    Column("action", String(60), nullable=False),
    Column("detail", Text, nullable=False),
    Column("remote", String(100)),
    Column("created_at", Instant, nullable=False, index=True),
    Column("actor_email", String(255)),
    Index("events_of_app", "app_id", "created_at"),
    Index("events_of_actor", "actor_id", "created_at"),
)

outputs = Table(
    "outputs",
    metadata,
    Column("owner_id", _UUID, primary_key=True),
    Column("start", Integer, primary_key=True),
    Column("bytes", LargeBinary, nullable=False),
)
