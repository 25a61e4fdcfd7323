"""The composition root: chooses every adapter. Nothing else imports one."""

from __future__ import annotations

from control.adapters.state_archive import SqlStateArchive
from control.adapters.state_store import SqlStateStore
from control.adapters.system_clock import SystemClock
from control.ports.bundle import Ports
from control.ports.clock import Clock
from control.ports.issuer import Issuer
from control.ports.vault import ConfigVault
from control.settings import Settings, SettingsError


def bootstrap(settings: Settings) -> Ports:
    """Connect to everything that the settings name; no server is asked anything yet. Raises SettingsError."""
    from control.adapters.consul_catalog import ConsulCatalog  # noqa: PLC0415 - SDKs are loaded when they are needed
    from control.adapters.edge_client import EdgeClient  # noqa: PLC0415
    from control.adapters.minio_blobs import MinioBlobs  # noqa: PLC0415
    from control.adapters.node_client import NodeClient  # noqa: PLC0415
    from control.adapters.nomad_scheduler import NomadScheduler  # noqa: PLC0415
    from control.adapters.vault_config import VaultConfig  # noqa: PLC0415

    servers = settings.servers
    if not servers.signing_secret:
        raise SettingsError(
            f"There is no secrets file of the control plane below {settings.home}; run `nomapaas up` to make it."
        )
    return Ports(
        scheduler=NomadScheduler(servers.nomad_addr, servers.nomad_token.reveal()),
        vault=VaultConfig(
            servers.vault_addr,
            role_id=servers.vault_role_id.reveal(),
            secret_id=servers.vault_secret_id.reveal(),
        ),
        catalog=ConsulCatalog(servers.consul_addr, servers.consul_token.reveal()),
        blobs=MinioBlobs(
            servers.minio_endpoint,
            access_key=servers.minio_access_key.reveal(),
            secret_key=servers.minio_secret_key.reveal(),
            public_endpoint=servers.minio_public_endpoint or None,
        ),
        node=NodeClient(servers.node_socket),
        edge=EdgeClient(servers.edge_socket),
        clock=system_clock(),
        state=open_state(settings),
    )


def system_clock() -> Clock:
    """The machine's clock."""
    return SystemClock()


def open_state(settings: Settings) -> SqlStateStore:
    """Open the database that the settings name."""
    return SqlStateStore(settings.database_url)


def open_issuer(settings: Settings, vault: ConfigVault) -> Issuer | None:
    """The ACME server that the settings name, if any."""
    if not settings.acme_directory:
        return None
    from control.adapters.acme_issuer import AccountBinding, AcmeIssuer  # noqa: PLC0415 - only where it is used

    binding = AccountBinding(settings.acme_eab_kid, settings.acme_eab_hmac) if settings.acme_eab_kid else None
    return AcmeIssuer(
        settings.acme_directory, vault, email=settings.acme_email, ca_file=settings.acme_ca, binding=binding
    )


def open_archive(settings: Settings) -> SqlStateArchive:
    """What copies that database out and in."""
    return SqlStateArchive(open_state(settings))
