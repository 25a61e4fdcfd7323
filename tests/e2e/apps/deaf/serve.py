"""A web process that stops taking connections when it is told to, and lives on."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["DYNO"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/half":
            self.close_connection = True
        if self.path == "/deaf":
            threading.Thread(target=self.server.stop).start()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def stop(self):
        self.shutdown()
        self.server_close()


Server(("", int(os.environ["PORT"])), Handler).serve_forever()
threading.Event().wait()
