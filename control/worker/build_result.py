"""What a build left behind: how it ended, and what it says of the app. All of it is hostile input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control.domain.manifests import Manifest, parse_manifest
from control.domain.rules import BrokenRule
from control.domain.slugs import check_process_types
from control.ports.scheduler import Allocation, AllocationStatus
from control.settings import Settings

_MAX_REPORT = 16 * 1024
_MAX_WORDS = 1000
_COMPILE = range(50, 60)


class BuildFailed(Exception):
    """The build ends here; the message is for the user. `reports` are those of the buildpacks that ran."""

    def __init__(self, message: str, *, reports: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reports = reports or {}


class BuildSaidWhy(BuildFailed):
    """The build itself has printed the message already."""


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What a build that went well says of the app."""

    process_types: Mapping[str, str]
    description: str | None
    reports: Mapping[str, str]
    manifest: Manifest


def read_result(result: Mapping[str, Any], settings: Settings) -> BuildResult:
    """Check what the build says. Raises BuildFailed."""
    try:
        return BuildResult(
            process_types=check_process_types(result.get("process_types")),
            description=_description(result),
            reports=_reports(result),
            manifest=parse_manifest(result.get("app_json"), most_dynos=settings.max_quantity),
        )
    except BrokenRule as exc:
        raise BuildFailed(str(exc), reports=_reports(result)) from exc


def may_be_memory(result: Mapping[str, Any]) -> bool:
    """Whether a buildpack failed (statuses 50 to 59): of what its compiler died is not in the result."""
    code = result.get("exit_code")
    return isinstance(code, int) and code in _COMPILE


def demand_success(allocation: Allocation, result: Mapping[str, Any], settings: Settings) -> None:
    """Return when the build went well. Raises BuildFailed, and BuildSaidWhy for what the user has read already.

    The node's word comes first, then memory: a build whose compiler was killed knows only that it ended.
    """
    stopped = result.get("stopped")
    if isinstance(stopped, str):
        raise BuildFailed(
            f"The build was stopped: {stopped[:_MAX_WORDS]}. Make it write less, or ask for a higher "
            "NOMAPAAS_BUILD_DISK_MB of the platform."
        )
    reason = result.get("failure_message")
    failed = isinstance(reason, str) or not result
    if failed and allocation.oom_killed:
        raise BuildFailed(
            f"The build needed more than the {settings.build_memory_mb} MB of memory that a build may use, and part of "
            "it was killed: make it use less, for example with fewer parallel jobs, or ask for a higher "
            "NOMAPAAS_BUILD_MEMORY_MB of the platform.",
            reports=_reports(result),
        )
    if isinstance(reason, str):
        raise BuildSaidWhy(reason[:_MAX_WORDS], reports=_reports(result))
    if result or (allocation.status is AllocationStatus.COMPLETE and allocation.exit_code == 0):
        return
    if allocation.exit_code is None:
        raise BuildFailed(f"The build could not be started: {allocation.message or allocation.status}")
    raise BuildFailed(f"The build failed with exit code {allocation.exit_code}; see its output.")


def _reports(result: Mapping[str, Any]) -> dict[str, str]:
    found = result.get("reports")
    if not isinstance(found, Mapping):
        return {}
    kept = list(found.items())[:20]
    return {str(name)[:_MAX_WORDS]: text[:_MAX_REPORT] for name, text in kept if isinstance(text, str)}


def _description(result: Mapping[str, Any]) -> str | None:
    found = result.get("buildpack_provided_description")
    return found[:200] if isinstance(found, str) else None
