"""A web app that numbers its answers and says who may keep them."""

import itertools
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

numbers = itertools.count(1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"{os.environ['HEROKU_RELEASE_VERSION']} {next(numbers)}".encode()
        self.send_response(200)
        self.send_header("Cache-Control", "private" if self.path == "/private" else "public, max-age=300")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
