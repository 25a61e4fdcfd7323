"""A web app that takes its time to start, longer than a browser is left without a page."""

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html><title>Awake</title><p>Good morning.</p>"


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)


time.sleep(4)
ThreadingHTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
