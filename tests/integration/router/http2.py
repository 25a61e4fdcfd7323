"""A client of HTTP/2 that sends what it is told, however wrong."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from typing import Self

from hpack import Decoder, Encoder
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass
class Answer:
    """What came on one stream; `status` stays None when the stream was reset or the connection ended."""

    status: int | None = None
    body: bytearray = field(default_factory=bytearray)
    over: bool = False


class Client:
    """One connection; whose certificate is shown does not matter."""

    def __init__(self, port: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self._socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=5))
        self._encoder, self._decoder = Encoder(), Decoder()
        self._rest = b""
        self.answers: dict[int, Answer] = {}
        self.over = False
        self.last = 2**31
        """The last stream that the other side answers."""
        self._socket.sendall(PREFACE + SettingsFrame().serialize())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, stream: int, fields: list[tuple[bytes, bytes]], body: bytes | None = None) -> None:
        """Send a whole request; without a body its headers end the stream."""
        head = HeadersFrame(stream, self._encoder.encode(fields), flags=["END_HEADERS"])
        if body is None:
            head.flags.add("END_STREAM")
            frames = [head]
        else:
            frames = [head, DataFrame(stream, body, flags=["END_STREAM"])]
        self.answers[stream] = Answer()
        try:
            self._socket.sendall(b"".join(frame.serialize() for frame in frames))
        except OSError:
            self.over = True

    def wait(self, stream: int) -> Answer:
        """Return what came on a stream once no more will."""
        answer = self.answers[stream]
        while not answer.over and not self.over and stream <= self.last:
            self._take(self._frame())
        return answer

    def _frame(self) -> Frame | None:
        head = self._read(9)
        if not head:
            return None
        frame, length = Frame.parse_frame_header(memoryview(head))
        frame.parse_body(memoryview(self._read(length)))
        return frame

    def _read(self, count: int) -> bytes:
        while len(self._rest) < count:
            try:
                more = self._socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                self.over = True
                return b""
            self._rest += more
        found, self._rest = self._rest[:count], self._rest[count:]
        return found

    def _take(self, frame: Frame | None) -> None:
        if frame is None:
            self.over = True
        elif isinstance(frame, GoAwayFrame):
            self.last = frame.last_stream_id
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self._socket.sendall(SettingsFrame(flags=["ACK"]).serialize())
        elif frame.stream_id in self.answers:
            answer = self.answers[frame.stream_id]
            if isinstance(frame, HeadersFrame):
                answer.status = int(dict(self._decoder.decode(frame.data))[":status"])
            elif isinstance(frame, DataFrame):
                answer.body += frame.data
            answer.over = "END_STREAM" in frame.flags or isinstance(frame, RstStreamFrame)
