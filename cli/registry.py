"""Every command: where it lives and what it does, so that help and look-up import none of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click

from cli.errors import CLIError


@dataclass(frozen=True)
class Entry:
    """One command."""

    name: str
    module: str
    summary: str
    topic: str


_TABLE: dict[str, dict[str, dict[str, str]]] = {
    "Start": {
        "auth": {
            "login": "log in with e-mail and password",
            "logout": "forget the login of this machine",
            "whoami": "show who is logged in",
            "auth:token": "print the API token in use",
        },
        "tokens": {
            "auth:password": "set your password",
            "tokens": "list your API tokens",
            "tokens:create": "make an API token, with scopes and an end",
            "tokens:revoke": "take an API token back",
        },
    },
    "Apps": {
        "apps": {
            "apps": "list your apps",
            "create": "create an app",
            "info": "show an app",
            "open": "open an app in the browser",
            "rename": "give an app another name",
            "destroy": "destroy an app and all that belongs to it",
        },
        "push": {"push": "build the source in this folder and put it on the air"},
    },
    "People": {
        "access": {
            "access": "list who may do what to an app",
            "access:add": "let an account do something to an app",
            "access:update": "change what an account may do to an app",
            "access:remove": "take all permissions on an app back",
        },
        "transfers": {
            "apps:transfer": "offer an app to another account",
            "transfers": "list apps that were offered",
            "transfers:accept": "accept an app that you were offered",
            "transfers:decline": "decline an app that you were offered",
            "transfers:cancel": "take back the offer of an app",
        },
        "events": {"events": "show who did what, from where"},
        "users": {
            "users": "list all accounts",
            "users:add": "add an account, and print its first token",
            "users:info": "show an account and what it uses",
            "users:update": "rename an account, or make it an admin",
            "users:reset": "make an account's password and tokens worthless",
            "users:remove": "remove an account that owns no app",
            "users:quota": "show or change what an account may use",
        },
    },
    "What runs": {
        "ps": {
            "ps": "list an app's dynos",
            "ps:scale": "show or change how many dynos run, and their size",
            "ps:type": "show or change the size of dynos",
            "ps:restart": "restart dynos",
            "ps:stop": "stop a dyno, which then starts anew",
            "ps:crashes": "show how each dyno crashed the last time",
        },
        "ps_wait": {"ps:wait": "wait until all dynos run the latest release"},
        "ps_sleep": {
            "ps:sleep": "put an app to sleep until a request comes",
            "ps:wake": "wake an app that sleeps",
            "ps:autosleep": "show or change when an app sleeps by itself",
        },
        "run": {
            "run:detached": "run a command once in a dyno of its own",
            "run:list": "list one-off dynos and their exit codes",
        },
        "logs": {"logs": "show an app's log lines"},
        "metrics": {"metrics": "show what an app's requests did lately"},
        "maintenance": {
            "maintenance": "tell whether an app is in maintenance",
            "maintenance:on": "answer visitors with a maintenance page",
            "maintenance:off": "let visitors in again",
        },
        "cache": {
            "cache:info": "show whether an app's HTTP cache is on, and what it answers",
            "cache:enable": "let the HTTP cache answer what the app marks as cacheable",
            "cache:disable": "let every request reach a dyno",
            "cache:purge": "have the cache forget an app's responses",
        },
        "features": {
            "features": "list what an app may switch, and what is on",
            "features:info": "show a feature, and whether it is on",
            "features:enable": "switch a feature of an app on",
            "features:disable": "switch a feature of an app off",
        },
        "domains": {
            "domains": "list an app's host names",
            "domains:add": "let an app answer for a name",
            "domains:info": "show one of an app's host names",
            "domains:remove": "let an app no longer answer for a name",
            "domains:clear": "remove all names of an app but its own",
            "domains:update": "choose the certificate of a name",
            "domains:wait": "wait until the router answers for a name",
        },
        "certs": {
            "certs": "list an app's certificates",
            "certs:add": "bring a certificate",
            "certs:update": "put another certificate in the place of one",
            "certs:remove": "show a certificate no more",
            "certs:info": "show a certificate",
            "certs:generate": "make a key and a certificate request",
        },
        "certs_auto": {
            "certs:auto": "show how far an app's automatic certificates are",
            "certs:auto:enable": "let the platform get certificates",
            "certs:auto:disable": "get no more certificates",
            "certs:auto:refresh": "try again at once what failed",
        },
        "https": {
            "https": "show what an app wants of encrypted requests",
            "https:force": "send plain requests to TLS",
            "https:hsts": "tell browsers to use nothing but TLS",
        },
        "stack": {
            "stack": "show an app's stack and what others there are",
            "stack:set": "choose the stack that an app's next push is built on",
        },
    },
    "Config vars": {
        "config": {
            "config": "list an app's config vars",
            "config:get": "print one config var",
            "config:set": "set config vars, from words or a .env file",
            "config:unset": "remove config vars",
        },
    },
    "Builds and releases": {
        "buildpacks": {
            "buildpacks": "list the buildpacks of an app",
            "buildpacks:set": "choose the buildpack of an app",
            "buildpacks:add": "add a buildpack to those of an app",
            "buildpacks:remove": "remove a buildpack from those of an app",
            "buildpacks:clear": "let builds detect the buildpack again",
            "buildpacks:info": "show the buildpacks that come with the platform",
        },
        "builds": {
            "builds": "list an app's builds",
            "builds:info": "show a build",
            "builds:output": "show what a build printed",
            "builds:cancel": "stop a build that is waiting or running",
            "builds:cache:purge": "let an app's next build begin without its build cache",
        },
        "releases": {
            "releases": "list an app's releases",
            "releases:info": "show a release",
            "releases:output": "show what a release's release phase printed",
            "releases:retry": "try a failed release once more",
            "rollback": "go back to an earlier release",
        },
    },
    "The platform, for admins": {
        "gc": {"gc": "remove what nothing refers to any more"},
    },
    "This machine's platform (as root, from a checkout)": {
        "platform": {
            "up": "start the platform on this machine",
            "down": "stop the platform on this machine",
            "status": "show how the platform's parts are",
            "doctor": "check the platform and say what to do",
            "env": "print the variables that reach the platform",
        },
        "upkeep": {
            "backup": "write all that the platform keeps to a file",
            "restore": "put a backup into an empty platform",
        },
        "stacks": {
            "stacks": "list the platform's stacks and their versions",
            "stacks:upgrade": "move every app to a stack's newest packages",
            "stacks:rollback": "take a stack's upgrade back",
        },
    },
    "Help": {
        "about": {
            "help": "show help for a command",
            "version": "print the version",
        },
    },
}

ENTRIES: dict[str, Entry] = {
    name: Entry(name, module, summary, topic)
    for topic, modules in _TABLE.items()
    for module, commands in modules.items()
    for name, summary in commands.items()
}

ALIASES: dict[str, str] = {
    "auth:login": "login",
    "auth:logout": "logout",
    "auth:whoami": "whoami",
    "list": "apps",
    "apps:list": "apps",
    "apps:create": "create",
    "apps:info": "info",
    "apps:open": "open",
    "apps:rename": "rename",
    "apps:destroy": "destroy",
    "apps:delete": "destroy",
    "builds:create": "push",
    "deploy": "push",
    "scale": "ps:scale",
    "resize": "ps:type",
    "ps:resize": "ps:type",
    "restart": "ps:restart",
    "stop": "ps:stop",
    "kill": "ps:stop",
    "ps:kill": "ps:stop",
    "config:add": "config:set",
    "config:remove": "config:unset",
    "releases:rollback": "rollback",
    "apps:stacks": "stack",
    "tokens:list": "tokens",
    "authorizations": "tokens",
    "authorizations:create": "tokens:create",
    "authorizations:revoke": "tokens:revoke",
    "users:list": "users",
    "certs:auto:info": "certs:auto",
    "sharing": "access",
    "sharing:add": "access:add",
    "sharing:remove": "access:remove",
    "sharing:transfer": "apps:transfer",
}


_ON_THE_MACHINE = {"platform", "stacks", "upkeep"}
"""Modules that need a checkout."""


def load(name: str) -> click.Command:
    """The command of this name; its module is imported now."""
    entry = ENTRIES[name]
    try:
        module = import_module(f"cli.commands.{entry.module}")
    except ImportError as error:
        if entry.module not in _ON_THE_MACHINE:
            raise
        raise CLIError(
            f'"nomapaas {name}" needs a checkout of nomapaas on the platform\'s machine '
            f"({error}). Run it there as .venv/bin/nomapaas {name}."
        ) from error
    for command in module.COMMANDS:
        if command.name == name:
            return command  # type: ignore[no-any-return]
    raise CLIError(f'"nomapaas {name}" is not part of this version.')
