"""A reader that answers from a script: what an action makes of answers, without a cloud."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Pages: TypeAlias = Mapping[tuple[str, str | None], dict[str, Any]]
"""Answers by operation and token (None: the first page)."""

_TOKENS = ("NextToken", "Marker", "ExclusiveStartTagKey")


class Script:
    """Answers from pages."""

    account_id, region = "111122223333", "eu-west-1"

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def read(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        region: str | None = None,
    ) -> dict[str, Any]:
        del service, region
        asked = parameters or {}
        return self._pages[operation, next((asked[name] for name in _TOKENS if asked.get(name)), None)]

    async def account_tags(self) -> tuple[tuple[str, str], ...]:
        return ()


class Writes(Script):
    """The same; it keeps what is written (operation, parameters), and answers nothing."""

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self.written: list[tuple[str, dict[str, Any]]] = []

    async def write(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, region: str | None = None
    ) -> dict[str, Any]:
        del service, region
        self.written.append((operation, dict(parameters)))
        return {}
