"""Config vars: Vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class ConfigVault(Protocol):
    """Keeps config vars, one write-once version at a time. Every method raises VaultUnavailable."""

    def write(self, app_id: str, version: int, values: Mapping[str, str]) -> None:
        """Write one version; writing the same version again with the same values is success.

        Raises ConfigVersionTaken when it exists with other values (left by a change that never got into the database).
        """
        ...

    def read(self, app_id: str, version: int) -> dict[str, str]:
        """Read one version; version 0 is always empty. Raises KeyError for one that does not exist."""
        ...

    def delete(self, app_id: str, version: int) -> None:
        """Remove one version for good; a missing one is success."""
        ...

    def list_apps(self) -> list[str]:
        """Ids of all apps that have a config version or a certificate."""
        ...

    def list_versions(self, app_id: str) -> list[int]:
        """All versions of an app that there are, in order."""
        ...

    def written_at(self, app_id: str, version: int) -> datetime | None:
        """When a version was written; None when it does not exist."""
        ...

    def admit(self, app_id: str) -> None:
        """Make the role and policy under which the app's jobs read their own config. Idempotent."""
        ...

    def forget(self, app_id: str) -> None:
        """Remove role, policy, every config version and every certificate of an app. Idempotent."""
        ...

    def write_certificate(self, app_id: str, endpoint_id: str, version: int, *, chain: str, private_key: str) -> None:
        """Write one pair; writing the same again is success. Raises ConfigVersionTaken for another pair there."""
        ...

    def read_certificate(self, app_id: str, endpoint_id: str, version: int) -> Mapping[str, str] | None:
        """`chain` and `private_key`; None when there is no such pair."""
        ...

    def delete_certificate(self, app_id: str, endpoint_id: str, version: int) -> None:
        """Remove one pair for good; a missing one is success."""
        ...

    def list_certificates(self, app_id: str) -> Mapping[str, Sequence[int]]:
        """All pairs of an app: versions by endpoint."""
        ...

    def certificate_written_at(self, app_id: str, endpoint_id: str, version: int) -> datetime | None:
        """When a pair was written; None when it does not exist."""
        ...

    def platform_secret(self, path: str) -> Mapping[str, str] | None:
        """What the platform keeps for itself under a path, such as `jobs.names.ZONE_PATH`; None for nothing."""
        ...

    def keep_platform_secret(self, path: str, values: Mapping[str, str]) -> None:
        """Put it there, in the place of what was."""
        ...

    def list_platform_secrets(self) -> list[str]:
        """All paths at which the platform keeps something for itself, in order."""
        ...

    def ping(self) -> None:
        """Return when Vault is unsealed and answers."""
        ...
