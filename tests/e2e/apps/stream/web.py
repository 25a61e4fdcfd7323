"""A web app that streams, and echoes what a WebSocket says, with nothing but the standard library."""

import base64
import hashlib
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE = 8


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self.echo()
        else:
            self.stream()

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(4):
            self.wfile.write(b"2\r\n%d\n\r\n" % number)
            self.wfile.flush()
            time.sleep(0.5)
        self.wfile.write(b"0\r\n\r\n")

    def echo(self) -> None:
        accept = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + GUID).encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(accept).decode())
        self.end_headers()
        self.close_connection = True
        while len(head := self.rfile.read(2)) == 2 and head[0] & 15 != CLOSE:
            size = head[1] & 127
            mask = self.rfile.read(4)
            words = bytes(byte ^ mask[place % 4] for place, byte in enumerate(self.rfile.read(size)))
            print("heard", words.decode())
            self.wfile.write(bytes([0x81, size]) + words)
            self.wfile.flush()


ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
