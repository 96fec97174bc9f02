"""What a call of AWS is to whoever answers it here, and how it is refused."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

Answer: TypeAlias = Mapping[str, Any]
"""The members of an operation's output, as botocore names them; timestamps as datetimes."""

CONTROL = "/_control/services/"
"""What the paths begin with by which services are told how to behave."""

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818 - the name says what happened
    """An error as AWS answers it. `status`: where AWS's model names none, or another one."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Call(NamedTuple):
    """One call. `parameters`: the members of the operation's input, as botocore names them.

    `moto`: calls moto with the very same request and returns its answer; raises Refusal where moto refuses.
    `aws`: calls any operation of any service (named as boto3 does), as the caller and in its Region; raises
    botocore's ClientError.
    """

    service: str
    operation: str
    account: str
    region: str
    parameters: Mapping[str, Any]
    moto: Callable[[], dict[str, Any]]
    aws: Callable[[str, str, Mapping[str, Any]], dict[str, Any]]


Handler: TypeAlias = Callable[[Call], Answer]


class Service:
    """The calls of one service that are answered here. `name`: as boto3 has it (`elbv2`, `lambda`)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.handlers: dict[str, Handler] = {}
        self.script: Callable[[bytes], None] | None = None
        """What `PUT /_control/services/<name>` calls with the body; ValueError: it makes no sense."""

    def answers(self, operation: str) -> Callable[[Handler], Handler]:
        """Register the decorated function for an operation."""

        def register(handler: Handler) -> Handler:
            self.handlers[operation] = handler
            return handler

        return register


class Places(Generic[T]):
    """State of each account and Region, made when it is first asked for."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._found: dict[tuple[str, str], T] = {}

    def of(self, call: Call) -> T:
        """Return the state of the call's account and Region."""
        return self.at(call.account, call.region)

    def at(self, account: str, region: str) -> T:
        """Return the state of an account and Region."""
        return self._found.setdefault((account, region), self._make())
