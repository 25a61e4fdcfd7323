"""supervisord, which keeps the servers running: its configuration, its life, its programs."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from cli.platform import files, render
from cli.platform.commands import PATH
from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.progress import wait_for

_OPEN_FILES = 65536
_STATES = {0: "stopped", 10: "starting", 20: "running", 30: "backing off", 40: "stopping", 100: "exited", 200: "fatal"}


@dataclass(frozen=True, kw_only=True)
class Program:
    """One supervised process."""

    name: str
    argv: Sequence[str]
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: int = 20
    priority: int = 100
    stop_signal: str = "TERM"

    def section(self, logs: Path) -> str:
        """The section of supervisord's configuration."""
        lines = [
            f"[program:{self.name}]",
            "command = " + " ".join(_quoted(word) for word in self.argv),
            "autostart = false",
            "autorestart = true",
            "startsecs = 1",
            "startretries = 1000000",
            f"stopsignal = {self.stop_signal}",
            f"stopwaitsecs = {self.stop_seconds}",
            f"priority = {self.priority}",
            "redirect_stderr = true",
            f"stdout_logfile = {logs / self.name}.log",
            "stdout_logfile_maxbytes = 10MB",
            "stdout_logfile_backups = 2",
        ]
        if self.user:
            lines.append(f"user = {self.user}")
        if self.env:
            pairs = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(self.env.items()))
            lines.append(f"environment = {pairs}")
        return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    if '"' in value or "\n" in value:
        raise Problem("A setting of nomapaas holds a quotation mark or a line end; supervisord can pass on neither.")
    return value.replace("%", "%%")


def _quoted(word: str) -> str:
    return f'"{_escaped(word)}"' if " " in word else _escaped(word)


class Supervisor:
    """This instance's supervisord."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._socket = instance.run / "supervisor.sock"
        self._config = instance.etc / "supervisord.conf"

    def configure(self, programs: Sequence[Program]) -> None:
        """Write the configuration; a running supervisord takes over what changed."""
        sections = "\n".join(program.section(self._instance.logs) for program in programs)
        text = render.template(self._instance, "agent/supervisord.conf", {"programs": sections})
        changed = files.write(self._config, text, mode=0o600)
        if changed and self.alive():
            self._reload()

    def _reload(self) -> None:
        added, changed, removed = self._call("reloadConfig")[0]
        for name in [*changed, *removed]:
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as exc:
            raise Problem(f"supervisord refused {method} {' '.join(map(str, arguments))}: {exc.faultString}.") from exc
        finally:
            transport.close()

    def alive(self) -> bool:
        """Whether supervisord answers."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.ProtocolError, Problem):
            return False

    def start(self) -> None:
        """Start supervisord unless it runs. What an earlier one left running is ended first."""
        if self.alive():
            return
        self.end_orphans()
        self._socket.unlink(missing_ok=True)
        environment = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "NOMAPAAS_HOME": str(self._instance.home)}
        argv = self._argv()
        _raise_file_limit()
        pid = os.posix_spawn(argv[0], argv, environment, setsigmask=[], setsigdef=[signal.SIGPIPE])
        os.waitpid(pid, 0)
        wait_for(
            self.alive,
            seconds=20,
            problem=f"supervisord did not start; {self._instance.logs}/supervisord.log says why.",
        )

    def processes(self) -> list[psutil.Process]:
        """The processes of the configured programs and supervisord, whoever their parent is by now."""
        commands = [_words(line) for line in self._config_lines() if line.startswith("command = ")]
        commands.append(self._argv())
        found = []
        for process in psutil.process_iter():
            try:
                if process.cmdline() in commands and self._is_ours(process):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def _config_lines(self) -> list[str]:
        try:
            return self._config.read_text().splitlines()
        except FileNotFoundError:
            return []

    def _is_ours(self, process: psutil.Process) -> bool:
        return process.environ().get("NOMAPAAS_HOME") == str(self._instance.home)

    def _argv(self) -> list[str]:
        return [str(self._instance.python), "-m", "supervisor.supervisord", "-c", str(self._config)]

    def end_orphans(self) -> None:
        """End servers whose supervisord was killed: a new one could not look after them."""
        _end(self.processes(), 30)

    def running(self, name: str) -> bool:
        """Whether a program is up."""
        return self.state(name) == "running"

    def state(self, name: str) -> str:
        """One word about one program."""
        try:
            info = self._call("getProcessInfo", name)
        except (OSError, xmlrpc.client.ProtocolError, Problem):
            return "unsupervised"
        return _STATES.get(info["state"], str(info["statename"]).lower())

    def states(self) -> dict[str, dict[str, Any]]:
        """What supervisord knows of every program, by name."""
        return {info["name"]: info for info in self._call("getAllProcessInfo")}

    def begin(self, name: str) -> None:
        """Start a program unless it is up; who needs it ready waits for that."""
        if self.state(name) not in {"running", "starting", "backing off"}:
            self._call("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Stop a program and wait until it is gone."""
        if self.state(name) in {"running", "starting", "backing off", "stopping"}:
            self._call("stopProcess", name, True)

    def restart(self, name: str) -> None:
        """Stop and start."""
        self.stop(name)
        self.begin(name)

    def shut_down(self, names: Sequence[str], said: Callable[[str], None]) -> None:
        """Stop programs in this order, then supervisord itself."""
        for name in names:
            said(name)
            self.stop(name)
        pid = self._call("getPID")
        self._call("shutdown")
        _wait_gone([p for p in [_process(pid)] if p], 30)


def _raise_file_limit() -> None:
    """Servers inherit this; a shell's limit is too low for them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _words(line: str) -> list[str]:
    words = shlex.split(line.removeprefix("command = ").replace("%%", "%"))
    return words[words.index("--") + 1 :] if words[0].endswith("/setpriv") else words


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _wait_gone(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    return list(psutil.wait_procs(processes, timeout=seconds)[1])


def _end(processes: Sequence[psutil.Process], seconds: float) -> None:
    for process in processes:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    for process in _wait_gone(processes, seconds):
        process.kill()
    _wait_gone(processes, 5)
