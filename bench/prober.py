"""Requests at a fixed rate, beside whatever else is done to the platform, and what became of them."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Self

import httpx

PATIENCE_S = 40


class Prober:
    """Sends requests in a thread of its own and counts what came back.

    `paths` are asked in turn. An answer counts as its status, one that broke off as the name of its error.
    """

    def __init__(self, url: str, host: str, *, rate: int, paths: Sequence[str] = ("/",)) -> None:
        self.answers: Counter[str] = Counter()
        self._url, self._host, self._rate = url, host, rate
        self._paths = itertools.cycle(paths)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._probe()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def failed(self) -> int:
        """How many were answered with anything but 200, or not at all."""
        return self.answers.total() - self.answers["200"]

    async def _probe(self) -> None:
        limits = httpx.Limits(max_connections=1000)
        async with (
            httpx.AsyncClient(base_url=self._url, timeout=PATIENCE_S, limits=limits) as client,
            asyncio.TaskGroup() as all_,
        ):
            loop = asyncio.get_running_loop()
            due = loop.time()
            while not self._stop.is_set():
                all_.create_task(self._one(client, next(self._paths)))
                due += 1 / self._rate
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def _one(self, client: httpx.AsyncClient, path: str) -> None:
        try:
            answer = await client.get(path, headers={"Host": self._host})
            self.answers[str(answer.status_code)] += 1
        except httpx.HTTPError as exc:
            self.answers[type(exc).__name__] += 1
