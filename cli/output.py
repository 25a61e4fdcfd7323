"""How the CLI speaks: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from cli.env import Environment
from cli.text import printable, printable_json, printable_line

BAR = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_SGR = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "bright_green": "92",
    "bright_yellow": "93",
    "bright_blue": "94",
    "bright_magenta": "95",
    "bright_cyan": "96",
}


class Action:
    """A step in progress: `Creating ⬢ hello... done`. `status` replaces the word at its end."""

    def __init__(self) -> None:
        self.status = "done"


class Console:
    """The two output streams of one run."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self.no_color = False
        self._open_line = False

    def colors(self, stream: TextIO) -> bool:
        """Whether this stream shows colours."""
        variables = self._env.variables
        if self.no_color or variables.get("NO_COLOR") or variables.get("TERM") == "dumb":
            return False
        return stream.isatty()

    @property
    def out_colors(self) -> bool:
        return self.colors(self._env.stdout)

    @property
    def err_colors(self) -> bool:
        return self.colors(self._env.stderr)

    @property
    def err_is_terminal(self) -> bool:
        return self._env.stderr.isatty()

    def paint(self, text: str, *styles: str, stream: TextIO | None = None) -> str:
        """The text in a style, if the stream (stdout unless told) shows any."""
        if not styles or not self.colors(stream or self._env.stdout):
            return text
        return f"\x1b[{';'.join(_SGR[style] for style in styles)}m{text}\x1b[0m"

    def app(self, name: str) -> str:
        """An app's name for a line of progress."""
        return self.paint(f"⬢ {printable(name)}", "magenta", stream=self._env.stderr)

    # results

    def out(self, text: str = "") -> None:
        """One result."""
        self._env.stdout.write(text + "\n")
        self._env.stdout.flush()

    def json(self, value: Any) -> None:
        """A result for programs."""
        self.out(printable_json(json.dumps(value, indent=2, ensure_ascii=False)))

    def header(self, text: str) -> None:
        """`=== heading`."""
        self.out(self.paint(f"=== {printable(text)}", "bold"))

    def fields(self, values: dict[str, str]) -> None:
        """`Key:  value`, aligned."""
        width = max((len(key) for key in values), default=0) + 2
        for key, value in values.items():
            self.out(f"{self.paint(printable(key) + ':', 'blue')}{' ' * (width - len(key) - 1)}{printable(value)}")

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns as wide as their widest cell; nothing is cut off."""
        cells = [[printable(cell).replace("\n", " ") for cell in row] for row in rows]
        widths = [max(len(title), *(len(row[i]) for row in cells)) for i, title in enumerate(titles)]
        last = len(titles) - 1
        heads = [title if i == last else title.ljust(widths[i]) for i, title in enumerate(titles)]
        self.out("  ".join(self.paint(head, "bold") for head in heads).rstrip())
        for row in cells:
            self.out("  ".join(cell if i == last else cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip())

    def program_line(self, line: str) -> None:
        """A line of a program's output, as a result."""
        self.out(printable_line(line, colors=self.out_colors))

    # progress

    def note(self, text: str = "") -> None:
        """One line of progress."""
        self._end_line()
        self._write_err(text + "\n")

    def program_note(self, line: str, *, indent: str = "") -> None:
        """A line of a program's output, as progress."""
        self.note(indent + printable_line(line, colors=self.err_colors))

    def warn(self, text: str) -> None:
        """Something to know, which stops nothing."""
        self._marked("Warning", "yellow", text)

    def error(self, text: str) -> None:
        """Why the command failed."""
        self._marked("Error", "red", text)

    @contextmanager
    def action(self, text: str) -> Iterator[Action]:
        """A step: its words at once, how it ended when it has."""
        step = Action()
        self._end_line()
        self._write_err(f"{text}... ")
        self._open_line = True
        try:
            yield step
        except BaseException:
            if self._open_line:
                self._open_line = False
                self._write_err(self.paint("!", "red", stream=self._env.stderr) + "\n")
            raise
        if self._open_line:
            self._open_line = False
            self._write_err(f"{step.status}\n")
        else:
            self._write_err(f"{text}... {step.status}\n")

    def redraw(self, text: str) -> None:
        """A line that the next one replaces; terminals only."""
        self._write_err(f"\r\x1b[K{text}")
        self._open_line = True

    def erase(self) -> None:
        """Take the redrawn line away."""
        self._write_err("\r\x1b[K")
        self._open_line = False

    def ask(self, prompt: str) -> str:
        """What somebody types after a question; an end of input is an empty answer."""
        self._end_line()
        self._write_err(prompt)
        line = self._env.stdin.readline()
        self._open_line = bool(prompt) and not line
        return line.strip()

    def _marked(self, word: str, style: str, text: str) -> None:
        self._end_line()
        bar = self.paint(BAR, style, stream=self._env.stderr)
        lines = printable(text).rstrip("\n").split("\n")
        first = f" {bar}   {self.paint(word + ':', style, stream=self._env.stderr)} {lines[0]}"
        rest = [f" {bar}   {line}".rstrip() for line in lines[1:]]
        self._write_err("\n".join([first, *rest]) + "\n")

    def _end_line(self) -> None:
        if self._open_line:
            self._open_line = False
            self._write_err("\n")

    def _write_err(self, text: str) -> None:
        self._env.stderr.write(text)
        self._env.stderr.flush()
