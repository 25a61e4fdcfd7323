"""URLs that carry their own permission: output streams and log sessions need no token."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer

from control.errors import NotFound
from control.ports.node import LogQuery
from control.settings import Secret

_GONE = "This stream's address is wrong or too old; ask the API for a new one."


class Signer:
    """Signs and opens the last part of stream URLs."""

    def __init__(self, secret: Secret, *, log_life: int) -> None:
        self._outputs = URLSafeSerializer(secret.reveal(), salt="nomapaas.output")
        self._logs = URLSafeTimedSerializer(secret.reveal(), salt="nomapaas.log")
        self._log_life = log_life

    def output(self, kind: str, owner_id: str) -> str:
        """The output of one build or release, for as long as it is kept: the same text each time, so ETags hold."""
        return str(self._outputs.dumps([kind, owner_id]))

    def open_output(self, signed: str) -> tuple[str, str]:
        """Kind and id. Raises NotFound."""
        kind, owner_id = self._opened(self._outputs, signed)
        return str(kind), str(owner_id)

    def log(self, query: LogQuery) -> str:
        """One look at an app's log; works for some minutes."""
        return str(self._logs.dumps(asdict(query)))

    def open_log(self, signed: str) -> LogQuery:
        """The query. Raises NotFound."""
        return LogQuery(**self._opened(self._logs, signed, max_age=self._log_life))

    @staticmethod
    def _opened(serializer: URLSafeSerializer | URLSafeTimedSerializer, signed: str, **options: Any) -> Any:
        try:
            return serializer.loads(signed, **options)
        except BadSignature as exc:
            raise NotFound(_GONE, resource="stream") from exc
