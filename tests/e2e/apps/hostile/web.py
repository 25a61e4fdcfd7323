"""A hostile app: tries from inside of its dyno whatever might gain it something, and tells what it could do."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import floods
import kernel
import network
import places


def attacks(_: dict) -> object:
    """Everything that takes no time: the name of each attack, and what it gained or None."""
    return {
        f"{module.__name__}.{name}": attempt()
        for module in (kernel, places)
        for name, attempt in list(vars(module).items())
        if callable(attempt) and not name.startswith("_") and attempt.__module__ == module.__name__
    }


def reach(query: dict) -> object:
    """Which of `host port` pairs answer, over TCP or UDP."""
    return network.reach([pair.split(" ") for pair in query["doors"].split(",")])


def addresses(_: dict) -> object:
    return network.addresses()


def flood(query: dict) -> object:
    """Begin one flood in a process of its own; it ends by itself."""
    return floods.begin(query["kind"], float(query["seconds"]))


def calm(_: dict) -> object:
    """Whether the last flood is over, and what it says it did."""
    return floods.ended()


def built(_: dict) -> object:
    """What the attacks of the build found (`build.py`)."""
    with open("built.json") as file:
        return json.load(file)


def say(query: dict) -> object:
    sys.stdout.buffer.write(bytes.fromhex(query["hex"]))
    sys.stdout.buffer.flush()
    return "said"


ROUTES = {f"/{view.__name__}": view for view in (attacks, built, reach, addresses, flood, calm, say)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in one piece: in two, the second would wait 40 ms for an acknowledgement

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        view = ROUTES.get(url.path, lambda _: "hostile")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = json.dumps(view(query)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The log is for what the tests let it say."""


def main() -> None:
    network.listen_everywhere()
    server = ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


main()
