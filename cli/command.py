"""How commands are declared: Click, with our common options."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from cli.session import Session

HELP_NAMES = {"help_option_names": ["-h", "--help"]}

_F = TypeVar("_F", bound=Callable[..., Any])


def _turn_colors_off(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - Click's form
    if value:
        ctx.ensure_object(Session).console.no_color = True


def no_color_option() -> click.Option:
    """`--no-color`, which every command takes."""
    return click.Option(
        ["--no-color"], is_flag=True, expose_value=False, callback=_turn_colors_off, help="Show no colours."
    )


class Command(click.Command):
    """A command that takes the options which all commands take."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = {**HELP_NAMES, **(kwargs.get("context_settings") or {})}
        super().__init__(*args, **kwargs)
        self.params.append(no_color_option())


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command whose function takes the session first."""

    def declare(function: Callable[..., None]) -> click.Command:
        return click.command(name, cls=Command)(_with_session(function))

    return declare


def app_command(name: str, *, takes_words: bool = False) -> Callable[[Callable[..., None]], click.Command]:
    """A command about one app: its function takes the session and the app's name.

    With `takes_words` what follows its first word is another program's, options included.
    """
    settings = {"allow_interspersed_args": False} if takes_words else {}

    def declare(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def choose(session: Session, *, app: str | None, remote: str | None, **rest: Any) -> None:
            function(session, session.app(app, remote), **rest)

        return click.command(name, cls=Command, context_settings=settings)(_with_session(app_options(choose)))

    return declare


def app_options(function: _F) -> _F:
    """`--app` and `--remote`."""
    function = click.option("-r", "--remote", metavar="NAME", help="Choose the app by this git remote.")(function)
    return click.option("-a", "--app", metavar="NAME", help="The app (else NOMAPAAS_APP, else the git remote).")(
        function
    )


def json_option(function: _F) -> _F:
    """`--json`."""
    return click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON for programs.")(function)


def confirm_option(function: _F) -> _F:
    """`--confirm NAME`."""
    return click.option("-c", "--confirm", metavar="NAME", help="Confirm by the app's name, without a question.")(
        function
    )


def split_pairs(items: Sequence[str]) -> dict[str, str]:
    """`KEY=value` words, as a mapping."""
    pairs: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{item} is not of the form KEY=value.")
        pairs[key] = value
    return pairs


def _with_session(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> None:
        function(click.get_current_context().find_object(Session), *args, **kwargs)

    return call
