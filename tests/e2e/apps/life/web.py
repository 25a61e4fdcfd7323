"""A web app whose health can be set, that can use memory, and that takes its time to answer."""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

health = {"status": 200}
hog = []


def up(_):
    return health["status"]


def become(value):
    health["status"] = int(value)
    return 200


def use(value):
    hog.append(bytearray(b"x") * (int(value) << 20))
    return 200


def wait(value):
    time.sleep(float(value))
    return 200


ROUTES = {"up": up, "become": become, "use": use, "wait": wait, "": lambda _: 200}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name, _, value = self.path[1:].partition("/")
        status = ROUTES[name](value)
        body = os.environ["DYNO"].encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that it ends when its last request is answered


server = Server(("", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
sys.exit(0)
