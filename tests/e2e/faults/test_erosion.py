"""What wears away under a running app is mended within half a minute, by nobody's hand."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pytest

from jobs import names

pytestmark = pytest.mark.platform

MENDED_S = 30
APP = "erosion"


@pytest.fixture(scope="module")
def app_id(paas: Any) -> Iterator[str]:
    """An app of one dyno, by its UUID."""
    paas.run("create", APP)
    paas.run("push", "--app", APP, "--dir", str(Path(__file__).parents[1] / "apps" / "probe"))
    yield paas.json("info", "--app", APP)["app"]["id"]
    paas.run("destroy", "--app", APP, "--confirm", APP)


@pytest.fixture(scope="module")
def nomad(paas: Any) -> Iterator[httpx.Client]:
    """Nomad's API, with the rights of an operator."""
    env = paas.instance.env
    where = {"namespace": names.APPS_NAMESPACE}
    with httpx.Client(base_url=env["NOMAD_ADDR"], headers={"X-Nomad-Token": env["NOMAD_TOKEN"]}, params=where) as found:
        yield found


@pytest.fixture(scope="module")
def consul(paas: Any) -> Iterator[httpx.Client]:
    """Consul's API, the same."""
    env = paas.instance.env
    token = {"X-Consul-Token": env["CONSUL_HTTP_TOKEN"]}
    with httpx.Client(base_url=env["CONSUL_HTTP_ADDR"], headers=token) as found:
        yield found


def _dyno(paas: Any) -> str:
    (found,) = paas.json("ps", "--app", APP)
    return str(found["id"])


def _pid(paas: Any) -> object:
    """Of the process that answers, and of the dyno that it is in: another dyno is another pair."""
    try:
        answer = paas.get(APP)
        return (answer.json()["pid"], _dyno(paas)) if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None


def test_a_lost_route_record_is_written_again(paas: Any, app_id: str, consul: httpx.Client) -> None:
    """Deleted in Consul; the app is never gone for longer than the sweep takes."""
    key = f"/v1/kv/{names.route_key(app_id)}"
    consul.delete(key).raise_for_status()

    paas.eventually(lambda: consul.get(key).status_code == 200 and _pid(paas), seconds=MENDED_S)


def test_a_deleted_allocation_folder_makes_a_new_dyno(paas: Any, app_id: str) -> None:
    """Its files are gone under it: it ends, and another one starts."""
    before = _pid(paas)
    folder = paas.instance.home / "nomad" / "alloc" / _dyno(paas)
    for part in ("alloc", "dyno/local", "dyno/app"):
        shutil.rmtree(folder / part)

    paas.eventually(lambda: (now := _pid(paas)) and now != before, seconds=MENDED_S)
    assert paas.ask(APP)["version"] == "one"


def test_a_stopped_job_runs_again(paas: Any, app_id: str, nomad: httpx.Client) -> None:
    """Stopped by somebody in Nomad's own UI."""
    nomad.delete(f"/v1/job/{app_id}").raise_for_status()

    paas.eventually(lambda: nomad.get(f"/v1/job/{app_id}").json()["Stop"] is False and _pid(paas), seconds=MENDED_S)


def test_a_killed_client_loses_no_app(paas: Any, app_id: str, nomad: httpx.Client) -> None:
    """Even a dyno that is too young for Nomad to know it again is there within the time, as another one."""
    paas.run("ps:restart", "--app", APP)
    pid = paas.instance.pid_of("nomad-client")
    os.kill(pid, signal.SIGKILL)

    def mended() -> object:
        back = paas.instance.pid_of("nomad-client") not in {None, pid}
        ready = any(node["Status"] == "ready" for node in nomad.get("/v1/nodes").json())
        dynos = paas.json("ps", "--app", APP)
        return back and ready and [each["state"] for each in dynos] == ["up"] and _pid(paas)

    paas.eventually(mended, seconds=MENDED_S)


def test_a_drained_node_hands_its_dynos_over_without_a_failed_request(
    paas: Any, app_id: str, nomad: httpx.Client, second_node: str
) -> None:
    """Drained in Nomad's UI or API, while requests come."""
    (first,) = [node["ID"] for node in nomad.get("/v1/nodes").json() if node["ID"] != second_node]
    _eligible(nomad, first, "ineligible")
    paas.run("ps:restart", "--app", APP)
    paas.eventually(lambda: _nodes_of_dynos(nomad, app_id) == {second_node} and _pid(paas), seconds=MENDED_S)
    _eligible(nomad, first, "eligible")

    with Requests(paas) as requests:
        drain = {"DrainSpec": {"Deadline": 0, "IgnoreSystemJobs": True}, "MarkEligible": False}
        nomad.put(f"/v1/node/{second_node}/drain", json=drain).raise_for_status()
        paas.eventually(lambda: _nodes_of_dynos(nomad, app_id) == {first} and _pid(paas), seconds=MENDED_S)
        requests.wait_for_more(5)

    assert requests.answers
    assert set(requests.answers) == {200}


def _eligible(nomad: httpx.Client, node: str, state: str) -> None:
    nomad.put(f"/v1/node/{node}/eligibility", json={"Eligibility": state}).raise_for_status()


def _nodes_of_dynos(nomad: httpx.Client, app_id: str) -> set[str]:
    listed = nomad.get(f"/v1/job/{app_id}/allocations").json()
    return {each["NodeID"] for each in listed if each["ClientStatus"] in {"pending", "running"}}


class Requests:
    """One request after the other, in a thread, and what each was answered."""

    def __init__(self, paas: Any) -> None:
        self.answers: list[int] = []
        self._paas = paas
        self._more = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for_more(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._paas.instance.env["NOMAPAAS_ROUTER_URL"], timeout=80) as client:
            while not self._stop.is_set():
                status = client.get("/", headers={"Host": f"{APP}.localhost"}).status_code
                with self._more:
                    self.answers.append(status)
                    self._more.notify_all()

    def wait_for_more(self, count: int) -> None:
        """Return when so many more were answered."""
        with self._more:
            wanted = len(self.answers) + count
            assert self._more.wait_for(lambda: len(self.answers) >= wanted, timeout=MENDED_S)


@pytest.fixture
def second_node(paas: Any, nomad: httpx.Client, tmp_path: Path) -> Iterator[str]:
    """Another Nomad client of the same platform, on the same machine; its id."""
    home, base = paas.instance.home, int(paas.instance.env["NOMAPAAS_PORT_BASE"])
    data = home / "nomad-second"
    text = (home / "etc" / "nomad" / "client.hcl").read_text()
    text = text.replace(f"{home}/nomad/", f"{data}/").replace(f'"{home}/nomad"', f'"{data}"')
    text = text.replace(f'"nomapaas-{base}"', '"second"').replace(str(base + 13), str(base + 14))
    config = tmp_path / "client.hcl"
    config.write_text(text)
    known = {node["ID"] for node in nomad.get("/v1/nodes").json()}
    running = psutil.Process(paas.instance.pid_of("nomad-client"))
    command = [running.exe(), "agent", f"-config={home / 'etc' / 'nomad' / 'common.hcl'}", f"-config={config}"]
    with subprocess.Popen(command, env=running.environ(), stdout=subprocess.DEVNULL) as process:

        def ready() -> str | None:
            listed = nomad.get("/v1/nodes").json()
            return next((n["ID"] for n in listed if n["ID"] not in known and n["Status"] == "ready"), None)

        node = paas.eventually(ready, seconds=60)
        yield node
        paas.eventually(lambda: node not in _nodes_of_dynos(nomad, paas.json("info", "--app", APP)["app"]["id"]))
        process.send_signal(signal.SIGINT)
        process.wait(30)
    nomad.put(f"/v1/node/{node}/purge").raise_for_status()
