"""`nomapaas`: run a command, turn what went wrong into one sentence and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from cli.env import Environment
from cli.errors import CLIError, WorkGoesOnError
from cli.exit_status import ExitStatus
from cli.group import nomapaas
from cli.output import Console
from cli.session import Session
from cli.text import sentence


def main(words: Sequence[str] | None = None, env: Environment | None = None) -> int:
    """Run the words of a command line; the answer is the exit code."""
    env = env or Environment.from_process()
    session = Session(env)
    try:
        with contextlib.redirect_stdout(env.stdout), contextlib.redirect_stderr(env.stderr):
            status = _run(list(sys.argv[1:] if words is None else words), session)
        env.stdout.flush()
    except BrokenPipeError:
        _let_go(env)
        return ExitStatus.OK
    return status


def _run(words: list[str], session: Session) -> int:
    try:
        with nomapaas.make_context("nomapaas", words, obj=session) as context:
            nomapaas.invoke(context)
    except BrokenPipeError:
        raise
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence: a sentence, not a traceback
        if session.env.debug:
            session.env.stderr.write(traceback.format_exc())
        return _report(error, session.console)
    return ExitStatus.OK


def _report(error: BaseException, console: Console) -> int:
    """Say what went wrong; the answer is the exit code."""
    match error:
        case WorkGoesOnError():
            console.note(f"\n{error.message}")
            return error.exit_status
        case CLIError():
            console.error(error.message)
            return error.exit_status
        case click.Abort() | KeyboardInterrupt():
            console.note()
            return ExitStatus.INTERRUPTED
        case click.UsageError():
            name = error.ctx.command_path if error.ctx else "nomapaas"
            console.error(f'{sentence(error.format_message())} "{name} --help" shows how to use it.')
            return ExitStatus.USAGE
        case click.ClickException():
            console.error(sentence(error.format_message()))
            return error.exit_code
    console.error(f"The CLI failed ({type(error).__name__}: {error}). NOMAPAAS_DEBUG=1 shows where.")
    return ExitStatus.ERROR


def _let_go(env: Environment) -> None:
    """Nobody reads on (`| head`): end in silence, also when Python flushes at its exit."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, env.stdout.fileno())
        os.close(null)


if __name__ == "__main__":
    sys.exit(main())
