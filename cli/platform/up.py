"""`nomapaas up`: from whatever is there to a running platform, step by step, each step done only if it has to be."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.platform import credentials, fetch, files, holders, layout, packages, programs, render
from cli.platform.admin import Admin
from cli.platform.consul import Consul
from cli.platform.database import require_database
from cli.platform.instance import Instance
from cli.platform.instance_stacks import InstanceStacks
from cli.platform.leftovers import Leftovers
from cli.platform.minio import MinioServer
from cli.platform.network import Network, require_free_subnet
from cli.platform.nomad_setup import Nomad
from cli.platform.platform_jobs import PlatformJobs, over_socket
from cli.platform.problem import Problem
from cli.platform.progress import step, wait_for
from cli.platform.render import HostVolume
from cli.platform.stack import Stack, build_stamp, prepare_runner
from cli.platform.stack_errors import StackError
from cli.platform.supervise import Supervisor
from cli.platform.vault import Vault

_ENDING_SECONDS = 5
"""What a dyno that has just ended is given to take its helpers along."""


def up(instance: Instance) -> None:
    """Start the platform, or finish what an interrupted `up` began. Idempotent."""
    require_root("up")
    files.directory(instance.home)
    with only_one(instance):
        require_database(instance)
        require_ports(instance)
        packages.remove_stale_policy()
        packages.ensure()
        binaries = fetch.ensure_servers(instance)
        layout.ensure_users()
        layout.ensure_folders(instance)
        files.write_json(instance.memory, dict(instance.told))
        stacks = prepare_stacks(instance)
        raise_network(instance, binaries)
        changed = configure(instance, binaries, stacks)
        start_servers(instance, changed)
        start_parts(instance, binaries, stacks)


def require_root(verb: str) -> None:
    """Raise a Problem that names the command to run when this is not root."""
    if os.geteuid() != 0:
        raise Problem(f"nomapaas {verb} needs root; run `sudo .venv/bin/nomapaas {verb}`.")


@contextmanager
def only_one(instance: Instance) -> Iterator[None]:
    """Hold the instance for one `up` or `down` at a time."""
    with (instance.home / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("Waiting for another nomapaas up or down"):
                fcntl.flock(file, fcntl.LOCK_EX)
        if not Path(file.name).exists():
            raise Problem(f"{instance.home} was purged in the meantime; run this again if that was meant.")
        yield


def prepare_stacks(instance: Instance) -> list[Stack]:
    """Debian's roots for dynos, and the runner that starts them."""
    with step("Preparing the stack") as line:
        try:
            stacks = InstanceStacks(instance).prepare(lambda text: line.tick(text.strip(), every=1))
            prepare_runner(instance.checkout, stacks[0], instance.home / "runner")
        except StackError as exc:
            raise Problem(str(exc)) from exc
        prepare_dyno_etc(instance, stacks)
        line.note(f"done, {', '.join(stack.name for stack in stacks)}")
    return stacks


def prepare_dyno_etc(instance: Instance, stacks: Sequence[Stack]) -> None:
    """Bring the dynos' /etc to what these versions of the stacks want."""
    layout.ensure_dyno_etc(instance, [stack.etc for stack in stacks], Network(instance).resolvers())


def require_ports(instance: Instance) -> None:
    """Nobody else holds a port of this instance; with the ports come the names of bridge and firewall chains."""
    supervisor = Supervisor(instance)
    if not supervisor.alive():
        supervisor.end_orphans()
        # Jobs outlive a killed Nomad, and a new one takes them over.
        holders.require_free(instance, own={process.pid for process in Leftovers(instance).processes()})


def raise_network(instance: Instance, binaries: Mapping[str, Path]) -> None:
    """Bridge, firewall, CNI configuration."""
    with step("Raising the dynos' network") as line:
        require_free_subnet(instance)
        network = Network(instance)
        network.raise_up()
        network.configure(binaries["cni"])
        line.note(f"done, {instance.subnet} on {instance.bridge}")


def configure(instance: Instance, binaries: Mapping[str, Path], stacks: Sequence[Stack]) -> frozenset[str]:
    """Write every configuration file; the names of the programs whose own one changed."""
    volumes = render.platform_volumes(
        instance, python_prefix=programs.python_prefix(), consul_template=binaries["consul-template"]
    )
    for stack in stacks:
        found = InstanceStacks(instance).host_volumes(stack)
        volumes += [HostVolume(name=name, path=path) for name, path in found.items()]
    changed = programs.write_configuration(instance, volumes, binaries["cni"])
    Supervisor(instance).configure(programs.programs(instance, binaries))
    return changed


def start_servers(instance: Instance, changed: frozenset[str]) -> None:
    """Start Consul, MinIO, Vault and Nomad, those anew whose configuration changed, and make them trust each other."""
    supervisor = Supervisor(instance)
    consul, minio, vault, nomad = Consul(instance), MinioServer(instance), Vault(instance), Nomad(instance)
    with step("Starting supervisord"):
        supervisor.start()
        for name in changed:
            supervisor.stop(name)
    if vault.interrupted():
        supervisor.stop("vault")
        vault.forget_interrupted()
    vault.hand_out_key()
    for name in ("consul", "minio", "vault", "unsealer"):
        supervisor.begin(name)
    with step("Starting consul"):
        consul.wait()
        consul.set_up()
    with step("Starting minio"):
        minio.wait()
        minio.set_up()
    with step("Opening vault"):
        vault.initialise()
        vault.wait()
    if (instance.secrets / "node.json").exists():
        # Nomad brings dynos back as soon as it runs, and they fetch their slugs from the node agent.
        start_node_agent(instance, supervisor)
    with step("Starting nomad"):
        supervisor.begin("nomad")
        nomad.wait()
        nomad.set_up()
        supervisor.begin("nomad-client")
    with step("Joining nomad, consul and vault"):
        consul.trust_nomad()
        vault.set_up()
        nomad.wait_for_node()
    with step("Handing out credentials"):
        credentials.write_all(instance)


def start_parts(instance: Instance, binaries: Mapping[str, Path], stacks: Sequence[Stack]) -> None:
    """Start the node agent, the edge, the HTTP cache and the control plane."""
    supervisor = Supervisor(instance)
    start_node_agent(instance, supervisor)
    Nomad(instance).resume()
    jobs = PlatformJobs(instance, binaries)
    with step("Starting the edge"):
        jobs.run_edge()
    with step("Starting the HTTP cache"):
        jobs.run_cache()
    admin = Admin(instance)
    with step("Preparing the database"):
        admin.ensure()
    with step("Starting the control plane"):
        jobs.run_control(
            build_stamp=build_stamp(instance.checkout, stacks[0]),
            stack_versions={stack.name: stack.version for stack in stacks},
        )
        admin.renew_token()
    clear_leftovers(Leftovers(instance), Nomad(instance))


def clear_leftovers(leftovers: Leftovers, nomad: Nomad) -> None:
    """End what belongs to no living dyno any more: a client that was killed forgets its youngest ones."""

    def dead() -> set[str]:
        # Looked at first: what comes to life meanwhile is known to Nomad before it has a process.
        active = leftovers.active()
        return active - {each for each, lives in nomad.allocations().items() if lives}

    with step("Clearing up after ended dynos") as line:
        with contextlib.suppress(Problem):
            wait_for(lambda: not dead(), seconds=_ENDING_SECONDS, problem="Some do not end by themselves.", pause=0.5)
        ended = leftovers.end(dead())
        folders = leftovers.folders()
        leftovers.forget(folders - nomad.allocations().keys())
        if ended:
            line.note(f"done, {ended} orphaned processes ended")


def start_node_agent(instance: Instance, supervisor: Supervisor) -> None:
    """Start the node agent unless it runs, and wait until it answers."""
    if supervisor.running("node"):
        return
    with step("Starting the node agent"):
        supervisor.begin("node")
        wait_for(
            lambda: over_socket(instance.run / "node.sock", "/health"),
            seconds=30,
            problem=f"The node agent does not answer; {instance.logs}/node.log says why.",
        )
