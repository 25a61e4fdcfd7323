"""Column types that tables of several subjects share."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, Dialect
from sqlalchemy.types import TypeDecorator

R = TypeVar("R")


class Record(TypeDecorator[R], Generic[R]):
    """One small frozen dataclass of plain values in one column, NULL for None. Fields that it lost are skipped."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, record: type[R]) -> None:
        super().__init__()
        self.record = record

    def process_bind_param(self, value: R | None, _dialect: Dialect) -> dict[str, Any] | None:
        """To the database."""
        return None if value is None else asdict(value)  # type: ignore[call-overload]

    def process_result_value(self, value: dict[str, Any] | None, _dialect: Dialect) -> R | None:
        """From the database."""
        if value is None:
            return None
        known = {field.name for field in fields(self.record)}  # type: ignore[arg-type]
        return self.record(**{name: content for name, content in value.items() if name in known})
