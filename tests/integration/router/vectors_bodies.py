"""Requests whose end two readers could see in two places: Content-Length, Transfer-Encoding, chunks.

Each is its bytes and who gets a request for it, in order: `1` and `2` are the tenants, nothing means refused.
"""

from __future__ import annotations

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: two.localhost\r\n\r\n"
LENGTH_OF_IT = b"%d" % len(SMUGGLED)


def post(headers: bytes, body: bytes = b"hello") -> bytes:
    """A POST to the first tenant with these header lines (each with its end) and this body."""
    return b"POST /v HTTP/1.1\r\nHost: one.localhost\r\n" + headers + b"\r\n" + body


ENCODINGS = {
    "xchunked": b"Transfer-Encoding: xchunked",
    "space before the colon": b"Transfer-Encoding : chunked",
    "tab before the colon": b"Transfer-Encoding\t: chunked",
    "vertical tab before the value": b"Transfer-Encoding: \x0bchunked",
    "form feed before the value": b"Transfer-Encoding: \x0cchunked",
    "tab after the value": b"Transfer-Encoding: chunked\t",
    "NUL after the value": b"Transfer-Encoding: chunked\0",
    "NUL in the name": b"Transfer\0-Encoding: chunked",
    "high byte after the value": b"Transfer-Encoding: chunked\xff",
    "no-break space before the value": b"Transfer-Encoding: \xa0chunked",
    "in quotes": b'Transfer-Encoding: "chunked"',
    "in single quotes": b"Transfer-Encoding: 'chunked'",
    "with a parameter": b"Transfer-Encoding: chunked;q=1",
    "comma after": b"Transfer-Encoding: chunked,",
    "comma before": b"Transfer-Encoding: ,chunked",
    "identity": b"Transfer-Encoding: identity",
    "identity after": b"Transfer-Encoding: chunked, identity",
    "identity before": b"Transfer-Encoding: identity, chunked",
    "gzip before": b"Transfer-Encoding: gzip, chunked",
    "chunked twice in one": b"Transfer-Encoding: chunked, chunked",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "a wrong one after": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "a wrong one before": b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "twice, in other letters": b"Transfer-Encoding: chunked\r\ntransfer-encoding: chunked",
    "cow": b"Transfer-Encoding: cow",
    "folded": b"Transfer-Encoding:\r\n chunked",
    "folded with a tab": b"Transfer-Encoding:\r\n\tchunked",
    "folded before the colon": b"Transfer-Encoding\r\n : chunked",
    "behind a bare CR": b"X: x\rTransfer-Encoding: chunked",
    "line begins with a space": b" Transfer-Encoding: chunked",
    "line begins with a tab": b"\tTransfer-Encoding: chunked",
    "part of it": b"Transfer-Encoding: chunk",
    "escaped": b"Transfer-Encoding: chunke%64",
    "bracketed": b"Transfer-Encoding: [chunked]",
}

LENGTHS = {
    "plus": b"+5",
    "minus": b"-5",
    "minus nothing": b"-0",
    "list of equals": b"5, 5",
    "list without a space": b"5,5",
    "list": b"5, 6",
    "two words": b"5 5",
    "hexadecimal": b"0x5",
    "a fraction": b"5.0",
    "an exponent": b"5e0",
    "quoted": b'"5"',
    "a word": b"five",
    "letter after": b"5a",
    "fullwidth digit": "\uff15".encode(),
    "underscore": b"1_0",
    "2^63": b"9223372036854775808",
    "2^64 + 5": b"18446744073709551621",
    "twenty nines": b"99999999999999999999",
    "semicolon": b"5;",
    "NUL": b"5\0",
    "vertical tab": b"\x0b5",
    "tab after": b"5\t",
    "tab before": b"\t5",
    "nothing": b"",
}

SIZES = {
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "space before": b" 5\r\nhello\r\n0\r\n\r\n",
    "a word": b"five\r\nhello\r\n0\r\n\r\n",
    "letter after": b"5g\r\nhello\r\n0\r\n\r\n",
    "NUL": b"5\0\r\nhello\r\n0\r\n\r\n",
    "underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "2^63": b"8000000000000000\r\nhello\r\n0\r\n\r\n",
    "2^64 + 5": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "twenty Fs": b"F" * 20 + b"\r\nhello\r\n0\r\n\r\n",
    "none": b"\r\nhello\r\n0\r\n\r\n",
    "bare CR": b"5\rhello\r\n0\r\n\r\n",
    "too short": b"4\r\nhello\r\n0\r\n\r\n",
    "nothing after the data": b"5\r\nhello0\r\n\r\n",
    "request instead of a size": SMUGGLED,
    "quoted": b'"5"\r\nhello\r\n0\r\n\r\n',
    "comma": b"5,5\r\nhello\r\n0\r\n\r\n",
    "form feed": b"\x0c5\r\nhello\r\n0\r\n\r\n",
    "high byte": b"\xff5\r\nhello\r\n0\r\n\r\n",
}
"""What is no chunk; an edge that goes on would find the next request somewhere in it."""

LENIENT = {
    "extension": b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
    "quoted extension": b'5;a="b;c"\r\nhello\r\n0\r\n\r\n',
    "space after the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "leading zeros": b"0000000000005\r\nhello\r\n000\r\n\r\n",
    "line feeds only": b"5\nhello\n0\n\n",
    "trailer": b"5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n",
    "Host and length in the trailer": b"5\r\nhello\r\n0\r\nHost: two.localhost\r\nContent-Length: 40\r\n\r\n",
    "many chunks": b"1\r\nh\r\n" + b"1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n",
    "capitals": b"00005\r\nhello\r\n0\r\n\r\n",
}
"""What nginx reads in one way only, and hands on as a body of a plain kind."""

BODIES: dict[str, tuple[bytes, str]] = {
    **{
        f"TE.CL, {name}": (post(line + b"\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), "")
        for name, line in ENCODINGS.items()
    },
    **{f"TE, {name}": (post(line + b"\r\n", b"0\r\n\r\n"), "") for name, line in ENCODINGS.items()},
    **{f"length, {name}": (post(b"Content-Length: " + value + b"\r\n"), "") for name, value in LENGTHS.items()},
    **{f"chunk, {name}": (post(b"Transfer-Encoding: chunked\r\n", body), "") for name, body in SIZES.items()},
    **{f"chunk, {name}": (post(b"Transfer-Encoding: chunked\r\n", body), "1") for name, body in LENIENT.items()},
    "CL.TE": (post(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\nX"), ""),
    "CL.TE with a request inside": (
        post(b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % (len(SMUGGLED) + 5), b"0\r\n\r\n" + SMUGGLED),
        "",
    ),
    "TE.CL with a request inside": (
        post(
            b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n",
        ),
        "",
    ),
    "TE.CL of length 0": (post(b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), ""),
    "GET with both": (
        b"GET /v HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "",
    ),
    "two lengths": (post(b"Content-Length: 5\r\nContent-Length: 6\r\n"), ""),
    "two equal lengths": (post(b"Content-Length: 5\r\nContent-Length: 5\r\n"), ""),
    "two lengths in other letters": (post(b"Content-Length: 5\r\ncontent-length: 0\r\n"), ""),
    "length with a space before the colon": (post(b"Content-Length : 5\r\n"), ""),
    "length folded": (post(b"Content-Length:\r\n 5\r\n"), ""),
    "chunks in HTTP/1.0": (
        b"POST /v HTTP/1.0\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "",
    ),
    "length with zeros before": (post(b"Content-Length: 0005\r\n"), "1"),
    "length with spaces around": (post(b"Content-Length:    5   \r\n"), "1"),
    "length without a space": (post(b"Content-Length:5\r\n"), "1"),
    "chunked in other letters": (post(b"tRANSFER-eNCODING: cHUNKED\r\n", b"5\r\nhello\r\n0\r\n\r\n"), "1"),
    "chunked with a space after": (post(b"Transfer-Encoding: chunked \r\n", b"5\r\nhello\r\n0\r\n\r\n"), "1"),
    "chunked behind a line feed": (post(b"X: x\nTransfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"), "1"),
    "both behind a line feed": (post(b"Content-Length: 5\r\nX: x\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), ""),
    "length in a name with an underscore": (post(b"Content_Length: 40\r\nContent-Length: 5\r\n"), "1"),
    "encoding in a name with an underscore": (post(b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n"), "1"),
    "encoding in a name with an equals sign": (post(b"Transfer-Encoding=chunked: x\r\nContent-Length: 5\r\n"), "1"),
    "encoding in a name with an at sign": (post(b"Transfer@Encoding: chunked\r\nContent-Length: 5\r\n"), "1"),
    "chunked behind CR CR LF": (post(b"X: x\r\r\nTransfer-Encoding: chunked\r\r\n", b"5\r\nhello\r\n0\r\n\r\n"), "1"),
    "both behind CR CR LF": (post(b"Content-Length: 5\r\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), ""),
    "a request as a body": (post(b"Content-Length: " + LENGTH_OF_IT + b"\r\n", SMUGGLED), "1"),
    "a request as a chunk": (
        post(b"Transfer-Encoding: chunked\r\n", b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n"),
        "1",
    ),
    "a request as the body of a GET": (
        b"GET /v HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: " + LENGTH_OF_IT + b"\r\n\r\n" + SMUGGLED,
        "1",
    ),
    "a request as the body of a HEAD": (
        b"HEAD /v HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: " + LENGTH_OF_IT + b"\r\n\r\n" + SMUGGLED,
        "1",
    ),
    "a request as a chunk of OPTIONS": (
        b"OPTIONS /v HTTP/1.1\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n" % len(SMUGGLED)
        + SMUGGLED
        + b"\r\n0\r\n\r\n",
        "1",
    ),
}
