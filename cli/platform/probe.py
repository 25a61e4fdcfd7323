"""The probe dyno: a real one, started like any app's, that tries to get out."""

from __future__ import annotations

import base64
import gzip
import io
import json
import socket
import tarfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from cli.platform import files
from cli.platform.findings import Finding, fine, wrong
from cli.platform.instance import DYNO_USER, OFFSETS, Instance
from cli.platform.nomad_setup import DOCTOR_NAMESPACE, Nomad
from cli.platform.problem import Problem
from cli.platform.progress import wait_for
from jobs import spec
from jobs.names import DYNO_PORT

_TOPIC = "isolation"
_SECONDS = 60
_MARK = "PROBE "
_METADATA = "169.254.169.254"


class ProbeDyno:
    """Starts two dynos of a made-up app: one listens, the other tries to reach it and everything else."""

    def __init__(self, instance: Instance, stack: str | None = None) -> None:
        self._instance = instance
        self._stack = stack or instance.stacks[0]
        self._nomad = Nomad(instance)
        self._app = str(uuid.uuid4())

    def findings(self) -> Iterator[Finding]:
        """What the probe could do, judged."""
        started = time.monotonic()
        try:
            peer = self._start("peer", [])
            address = wait_for(
                lambda: self._address(peer), seconds=_SECONDS, problem="No dyno could be started as a probe.", pause=0.2
            )
            if not _connects(address, DYNO_PORT):
                yield wrong(_TOPIC, "The router could not reach a dyno that listens.", "Run `nomapaas up`.")
            targets = [[address, DYNO_PORT], [_METADATA, 80], *self._own_doors()]
            report = self._report(self._start("probe", targets))
            yield from judge(report, targets=len(targets))
            yield fine(_TOPIC, f"Two probe dynos took {time.monotonic() - started:.1f} s.")
        finally:
            for name in ("peer", "probe"):
                path = f"/v1/job/{self._app}.run-{name}"
                self._nomad.api().ask("DELETE", path, params={"namespace": DOCTOR_NAMESPACE, "purge": "true"})

    def _own_doors(self) -> list[list[Any]]:
        """Every port of this instance at every address of this machine."""
        addresses = {str(next(self._instance.subnet.hosts()))}
        for found in psutil.net_if_addrs().values():
            addresses |= {
                each.address for each in found if each.family.name == "AF_INET" and not each.address.startswith("127.")
            }
        return [[address, self._instance.port(name)] for address in sorted(addresses) for name in OFFSETS]

    def _start(self, name: str, targets: list[list[Any]]) -> str:
        """Submit one dyno whose slug holds the probe program; its job id."""
        uid, _ = files.user_ids(DYNO_USER)
        site = spec.Site(artifacts_url=self._instance.url("node"), dyno_uid=uid)
        app = spec.AppRef(id=self._app, name="nomapaas-doctor", stack=self._stack)
        program = (Path(__file__).parent / "probe_inside.py").read_text()
        command = "python3 probe.py" if name == "probe" else f"python3 -m http.server {DYNO_PORT}"
        task = spec.task(
            name="run",
            mode="boot",
            site=site,
            app=app,
            env={
                "NOMAPAAS_COMMAND": spec.encoded(command),
                "NOMAPAAS_DYNO": f"run.{name}",
                "NOMAPAAS_PORT": str(DYNO_PORT),
            },
            config_version=0,
            artifacts=[],
            resources=spec.Resources(cpu=100, memory_mb=256, disk_mb=300, processes=128),
            kill_timeout_s=1,
        )
        task["Templates"] = [_slug({"probe.py": program, "targets.json": json.dumps(targets)})]
        group = spec.group(name="run", count=1, task=task, site=site, app=app, stack_root="run", disk_mb=300)
        job = spec.job(
            job_id=f"{self._app}.run-{name}",
            name="nomapaas-doctor",
            kind="batch",
            groups=[spec.run_once(group)],
            meta={"app": self._app},
            site=site,
        )
        job["Namespace"] = DOCTOR_NAMESPACE
        self._nomad.api().call("PUT", "/v1/jobs", {"Job": job}, params={"namespace": DOCTOR_NAMESPACE})
        return str(job["ID"])

    def _allocation(self, job: str) -> dict[str, Any] | None:
        listed = self._nomad.api().call("GET", f"/v1/job/{job}/allocations", params={"namespace": DOCTOR_NAMESPACE})
        if not listed:
            self._complain_of_room(job)
            return None
        found: dict[str, Any] = self._nomad.api().call("GET", f"/v1/allocation/{listed[0]['ID']}")
        if found["ClientStatus"] == "failed":
            events = found.get("TaskStates", {}).get("run", {}).get("Events", [])
            raise Problem(f"The probe dyno failed: {' / '.join(e['DisplayMessage'] for e in events[-3:])}.")
        return found

    def _complain_of_room(self, job: str) -> None:
        listed = self._nomad.api().call("GET", f"/v1/job/{job}/evaluations", params={"namespace": DOCTOR_NAMESPACE})
        if any(each.get("FailedTGAllocs") for each in listed):
            raise Problem("Nomad has no room for a probe dyno of 256 MB; scale an app down or stop one.")

    def _address(self, job: str) -> str | None:
        found = self._allocation(job)
        if found is None or found["ClientStatus"] != "running":
            return None
        address = str((found.get("NetworkStatus") or {}).get("Address") or "")
        return address if address and _connects(address, DYNO_PORT) else None

    def _report(self, job: str) -> dict[str, Any]:
        def ended() -> str | None:
            found = self._allocation(job)
            return found["ID"] if found and found["ClientStatus"] == "complete" else None

        allocation = wait_for(ended, seconds=_SECONDS, problem="The probe dyno did not end within 60 s.", pause=0.3)
        logs = self._instance.home / "nomad" / "alloc" / allocation / "alloc" / "logs"
        said = "".join((logs / f"run.{kind}.0").read_text(errors="replace") for kind in ("stdout", "stderr"))
        for line in said.splitlines():
            if line.startswith(_MARK):
                report: dict[str, Any] = json.loads(line.removeprefix(_MARK))
                return report
        raise Problem(f"The probe dyno said nothing of use: {said.strip()[-300:]!r}.")


def judge(report: dict[str, Any], *, targets: int) -> Iterator[Finding]:
    """A dyno's report of what it could do, in findings."""
    advice = "Stop serving apps that you do not trust, run `nomapaas up`, and look again."
    reached = [f"{host}:{port}" for host, port in report["reached"]]
    if reached:
        yield wrong(_TOPIC, f"A dyno reaches {', '.join(reached[:5])}.", advice)
    else:
        yield fine(_TOPIC, f"A dyno reaches none of {targets} doors: other dynos, this machine, cloud metadata.")
    rights = [f"{name} is {value}" for name, value in report["capabilities"].items() if int(value, 16) != 0]
    if report["uid"] < 300000 or report["gid"] < 300000 or rights or not report["no_new_privs"]:
        found = f"A dyno runs as uid {report['uid']}, gid {report['gid']}, {', '.join(rights) or 'no capability'}."
        yield wrong(_TOPIC, found, advice)
    else:
        yield fine(_TOPIC, f"A dyno has a uid and gid of its own ({report['uid']}), no capability and no way to one.")
    if report["writable"]:
        yield wrong(_TOPIC, f"A dyno writes to {', '.join(report['writable'])}.", advice)
    else:
        yield fine(_TOPIC, "A dyno cannot write to the stack, /etc or the launcher.")
    if report["processes"] > 8:
        yield wrong(_TOPIC, f"A dyno sees {report['processes']} processes.", advice)
    else:
        yield fine(_TOPIC, "A dyno sees no process but its own.")
    if report["namespaces"]:
        yield wrong(_TOPIC, "A dyno can make user namespaces.", advice)
    if report["files"]:
        yield wrong(_TOPIC, f"A dyno sees {', '.join(report['files'])} of this machine.", advice)


def _slug(contents: dict[str, str]) -> dict[str, Any]:
    """A slug that Nomad writes from the job itself, because no app owns it."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as gz, tarfile.open(fileobj=gz, mode="w") as tar:
        folder = tarfile.TarInfo("./app")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name, text in contents.items():
            entry = tarfile.TarInfo(f"./app/{name}")
            entry.size, entry.mode = len(text.encode()), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    encoded = base64.b64encode(packed.getvalue()).decode()
    return {
        "EmbeddedTmpl": '{{ base64Decode "' + encoded + '" }}',
        "DestPath": "local/slug.tgz",
        "Perms": "0644",
        "ChangeMode": "noop",
    }


def _connects(host: str, port: int) -> bool:

    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
