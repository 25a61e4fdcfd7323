"""From Consul to a request: the real servers, the real template."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import uuid
from pathlib import Path

import httpx
import pytest

from jobs.names import DYNO_SERVICE, ROUTES_PREFIX, route_key

SERVERS = Path(os.environ.get("NOMAPAAS_CACHE", "/var/cache/nomapaas")) / "servers"
MANAGEMENT = str(uuid.uuid4())
POLICY = f"""
key_prefix "{ROUTES_PREFIX}" {{ policy = "read" }}
service_prefix "{DYNO_SERVICE}" {{ policy = "read" }}
node_prefix "" {{ policy = "read" }}
"""


def program(name):
    found = sorted(SERVERS.glob(f"{name}/*/{name}"))
    if not found:
        pytest.skip(f"{name} is not below {SERVERS}; `nomapaas up` puts it there.")
    return found[-1]


class Consul:
    """A Consul with default deny, as the platform runs it."""

    def __init__(self, folder, ports):
        self.folder, self.ports = folder, ports
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{ports[0]}", headers={"X-Consul-Token": MANAGEMENT}, timeout=10
        )
        tokens = {"initial_management": MANAGEMENT, "agent": MANAGEMENT}
        acl = {"enabled": True, "default_policy": "deny", "enable_token_persistence": True, "tokens": tokens}
        config = {
            "server": True,
            "bootstrap_expect": 1,
            "data_dir": str(folder / "data"),
            "bind_addr": "127.0.0.1",
            "acl": acl,
            "connect": {"enabled": False},
            "performance": {"raft_multiplier": 1},
            "log_level": "error",
            "ports": {"http": ports[0], "serf_lan": ports[1], "server": ports[2]}
            | dict.fromkeys(("grpc", "grpc_tls", "dns", "serf_wan"), -1),
        }
        (folder / "consul.json").write_text(json.dumps(config))

    def start(self, eventually):
        command = [program("consul"), "agent", "-config-file", self.folder / "consul.json"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(self._ready, seconds=30)

    def _ready(self):
        try:
            return self.client.get("/v1/kv/?keys").status_code in {200, 404}
        except httpx.TransportError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def put(self, path, body):
        answer = self.client.put(path, content=body if isinstance(body, str) else json.dumps(body))
        assert answer.status_code == 200, answer.text
        return answer

    def router_token(self):
        self.put("/v1/acl/policy", {"Name": "router", "Rules": POLICY})
        return self.put("/v1/acl/token", {"Policies": [{"Name": "router"}]}).json()["SecretID"]

    def route(self, app_id, **more):
        record = {"app": app_id, "name": "one", "hosts": ["one.localhost"], "state": "up", "maintenance": False}
        self.put(f"/v1/kv/{route_key(app_id)}", record | {"release": 1} | more)

    def register(self, app_id, dyno, **more):
        process, number = dyno.name.split(".")
        meta = {"app": app_id, "process": process, "index": str(int(number) - 1), "release": "1", "stage": "live"}
        check = {"TCP": f"127.0.0.1:{dyno.port}", "Interval": "1s", "Status": "passing"}
        service = {"ID": dyno.name, "Name": DYNO_SERVICE, "Address": "127.0.0.1", "Port": dyno.port}
        self.put("/v1/agent/service/register", service | {"Meta": meta | {"alloc": dyno.name} | more, "Check": check})

    def deregister(self, dyno):
        self.put(f"/v1/agent/service/deregister/{dyno.name}", "")


@pytest.fixture
def consul(tmp_path, free_ports, eventually):
    started = Consul(tmp_path, free_ports(3))
    started.start(eventually)
    yield started
    started.stop()
    started.client.close()


@pytest.fixture
def fed_edge(edge, consul):
    """An edge with a consul-template of its own."""
    own = type(edge)(CONSUL_HTTP_ADDR=str(consul.client.base_url).rstrip("/"))
    token = own.home / "token"
    token.write_text(consul.router_token())
    token.chmod(0o444)
    env = {"NOMAPAAS_CONSUL_TEMPLATE": str(program("consul-template")), "NOMAPAAS_CONSUL_TOKEN_FILE": str(token)}
    own.feeder = own.spawn("start-consul-template", **env)
    yield own
    own.feeder.send_signal(signal.SIGINT)
    own.feeder.wait(10)
    own.close()


def test_changes_in_consul_reach_requests(fed_edge, consul, dynos, eventually):
    """An app, its dyno, a second one, maintenance, the end of both: each is followed, without a reload of nginx."""
    app_id = str(uuid.uuid4())
    first, second = dynos.echo("web.1"), dynos.echo("web.2")
    assert fed_edge.get("one.localhost").status_code in {404, 503}
    workers = fed_edge.workers()

    def served():
        found = [fed_edge.get("one.localhost") for _ in range(8)]
        return {answer.json()["dyno"] if answer.status_code == 200 else answer.status_code for answer in found}

    consul.route(app_id)
    consul.register(app_id, first)
    eventually(lambda: served() == {"web.1"})
    consul.register(app_id, second)
    eventually(lambda: served() == {"web.1", "web.2"})
    consul.deregister(first)
    eventually(lambda: served() == {"web.2"})
    consul.route(app_id, maintenance=True)
    eventually(lambda: served() == {503})
    consul.client.delete(f"/v1/kv/{route_key(app_id)}")
    eventually(lambda: served() == {404})

    assert fed_edge.workers() == workers


def test_a_held_request_is_answered_when_the_dyno_registers(fed_edge, consul, dynos, eventually):
    """A passing dyno gets its first request within a moment of Consul's knowing it."""
    app_id = str(uuid.uuid4())
    consul.route(app_id, state="starting")
    eventually(lambda: fed_edge.health()["apps"] == 1)
    answers = []
    request = threading.Thread(target=lambda: answers.append(fed_edge.get("one.localhost").status_code))
    request.start()
    threading.Event().wait(0.2)

    started = time.monotonic()
    consul.register(app_id, dynos.echo())
    request.join()

    assert answers == [200]
    assert time.monotonic() - started < 1


def test_a_health_check_of_the_apps_own_is_known(fed_edge, consul, dynos, eventually):
    """Such a dyno is not to be probed by the router, others are."""
    app_id = str(uuid.uuid4())
    consul.route(app_id)
    consul.register(app_id, dynos.echo("web.1"))
    consul.register(app_id, dynos.echo("web.2"), check="own")
    eventually(lambda: fed_edge.health()["dynos"] == 2)

    table = fed_edge.admin.get("/table").json()
    assert {dyno["name"]: dyno.get("own_check") for dyno in table["dynos"]} == {"web.1": None, "web.2": True}


def test_odd_records_disturb_nobody(fed_edge, consul, dynos, eventually):
    """A record that is no JSON, a service without meta and a worker's one: the good app is routed."""
    app_id = str(uuid.uuid4())
    consul.put(f"/v1/kv/{ROUTES_PREFIX}broken", '{"app": "\n</script>"')
    consul.put("/v1/agent/service/register", {"ID": "odd", "Name": DYNO_SERVICE, "Port": 1})
    consul.route(app_id)
    consul.register(app_id, dynos.echo("worker.1"))
    consul.register(app_id, dynos.echo("web.1"))

    eventually(lambda: fed_edge.health()["apps"] == 1 and fed_edge.get("one.localhost").status_code == 200)

    assert fed_edge.health()["dynos"] == 1
    assert fed_edge.health()["skipped"] == 1


def test_routing_goes_on_without_consul_and_after_its_return(fed_edge, consul, dynos, eventually):
    """Consul is killed and comes back, its checks critical at first: no request fails, and changes are seen again."""
    app_id = str(uuid.uuid4())
    consul.route(app_id)
    consul.register(app_id, dynos.echo("web.1"))
    eventually(lambda: fed_edge.get("one.localhost").status_code == 200)
    stop, seen = threading.Event(), set()

    def asks():
        while not stop.wait(0.02):
            seen.add(fed_edge.get("one.localhost").status_code)

    asking = threading.Thread(target=asks)
    asking.start()
    consul.stop()
    threading.Event().wait(0.5)
    consul.start(eventually)
    consul.register(app_id, dynos.echo("web.2"))
    eventually(lambda: fed_edge.health()["dynos"] == 2, seconds=20)
    stop.set()
    asking.join()

    assert seen == {200}


def test_a_restarted_consul_template_pushes_at_once(fed_edge, consul, dynos, eventually):
    """What changed while it was away is there after its start."""
    app_id = str(uuid.uuid4())
    consul.route(app_id)
    consul.register(app_id, dynos.echo("web.1"))
    eventually(lambda: fed_edge.get("one.localhost").status_code == 200)
    fed_edge.push({"apps": [], "dynos": []})
    assert fed_edge.get("one.localhost").status_code == 404
    fed_edge.feeder.kill()
    fed_edge.feeder.wait()

    token = str(fed_edge.home / "token")
    fed_edge.feeder = fed_edge.spawn(
        "start-consul-template",
        NOMAPAAS_CONSUL_TEMPLATE=str(program("consul-template")),
        NOMAPAAS_CONSUL_TOKEN_FILE=token,
    )

    eventually(lambda: fed_edge.get("one.localhost").status_code == 200)
