"""What can go wrong behind a port. Adapters raise these `from` their SDK's own exception."""

from __future__ import annotations


class PortError(Exception):
    """A part of the platform failed; the message is one full sentence."""


class SchedulerUnavailable(PortError):
    """Nomad does not answer."""


class JobRejected(PortError):
    """Nomad refused the job; the message holds its reason."""


class VaultUnavailable(PortError):
    """Vault does not answer, or is sealed."""


class ConfigVersionTaken(PortError):
    """This config version exists already with other values: take the next number."""


class CatalogUnavailable(PortError):
    """Consul does not answer."""


class StoreUnavailable(PortError):
    """MinIO does not answer."""


class StoreFull(PortError):
    """MinIO has no room left."""


class EdgeUnavailable(PortError):
    """The edge or the HTTP cache behind it does not answer."""


class NodeUnavailable(PortError):
    """The node agent does not answer."""
