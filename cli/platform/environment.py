"""`nomapaas env`: what a shell, a script or the official tools need to reach this instance."""

from __future__ import annotations

from cli.platform import files
from cli.platform.consul import Consul
from cli.platform.instance import Instance
from cli.platform.nomad_setup import Nomad
from cli.platform.problem import Problem


def variables(instance: Instance) -> dict[str, str]:
    """Variables by name. Raises Problem when the platform was never up, or this is not its owner."""
    try:
        there = (instance.secrets / "nomad.json").is_file()
    except PermissionError as exc:
        raise Problem(
            "nomapaas env shows tokens, which root alone may read; run `sudo .venv/bin/nomapaas env`."
        ) from exc
    if not there:
        raise Problem(f"There is no platform in {instance.home} yet; run `sudo .venv/bin/nomapaas up`.")
    admin = files.read_json(instance.secrets / "admin.json")
    found = {
        "NOMAPAAS_API_URL": instance.public_url("api"),
        "NOMAPAAS_API_KEY": admin.get("token", ""),
        "NOMAPAAS_ROUTER_URL": instance.public_url("router"),
        "NOMAD_ADDR": instance.url("nomad_http"),
        "NOMAD_TOKEN": Nomad(instance).tokens().get("ops", ""),
        "CONSUL_HTTP_ADDR": instance.url("consul_http"),
        "CONSUL_HTTP_TOKEN": Consul(instance).tokens()["ops"],
        "VAULT_ADDR": instance.url("vault"),
    }
    return {name: value for name, value in found.items() if value}
