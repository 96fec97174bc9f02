"""One call to AWS, seen through: within the quota, repeated where that may help, answered or refused."""

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from posture.aws.client.clock import AwsClock
from posture.aws.client.errors import AwsError, Retryable, Throttled
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.refusals.refusal import FAULTS, is_replaceable, refusal
from posture.aws.client.responses import MALFORMED
from posture.aws.client.sessions import Identity, Sessions
from posture.pace import BackOff

PATIENCE = 120.0
_FAULTS_BORNE = 4
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """`body`: as botocore parsed it. `asked_at`: start of the request that was answered, by AWS's clock (µs).

    `seconds`: what that request took, without waiting for the quota and without earlier attempts.
    """

    body: dict[str, Any]
    asked_at: int
    seconds: float


class Calls:
    """Calls to one service as one identity, in its Region. Any number may be under way at once."""

    def __init__(
        self, sessions: Sessions, identity: Identity, limiters: Limiters, usage: Usage, *, service: str
    ) -> None:
        self._sessions = sessions
        self._identity = identity
        self._limiters = limiters
        self._usage = usage
        self._service = service
        self._account_id: str | None = None
        self.clock = AwsClock()

    @property
    def service(self) -> str:
        """The service as botocore names it."""
        return self._service

    async def call(
        self,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        patience: float = PATIENCE,
        within: float | None = None,
    ) -> Answer:
        """Call an operation (`GetFindings`) with its parameters as the API names them.

        Throttling is waited out for `patience` seconds; other passing faults are borne four times, with
        pauses that grow and vary; expired credentials are renewed once. `within`: seconds after which the
        call is over in any case, for writes that must end before a lease does: nothing is sent after that,
        however long the process stood still while it waited for something else. Raises AwsError: its type
        says what to do.
        """
        ends = math.inf if within is None else self.clock.steady() + within
        try:
            async with asyncio.timeout(within):
                return await self._see_through(operation, parameters or {}, patience, ends)
        except TimeoutError as error:
            late = TimeoutError(f"no answer within {within} s")
            raise self._refusal(late, operation, parameters or {}) from error

    def refused_entry(self, operation: str, code: str, message: str) -> AwsError:
        """Return what it means that AWS did not process one entry of a call that it answered."""
        error = {"Code": code, "Message": message}
        return self._refusal(ClientError({"Error": error}, operation), operation, {})

    async def _see_through(
        self, operation: str, parameters: Mapping[str, Any], patience: float, ends: float
    ) -> Answer:
        account_id = await self._sessions.account(self._identity)
        self._account_id = account_id
        bucket = self._limiters.bucket(account_id, self._identity.region, self._service, operation)
        attempts = _Attempts(patience)
        while True:
            started = await bucket.acquire()
            if waited := attempts.throttled_for():
                self._usage.throttled(self._service, operation, *waited)
            client = await self._sessions.client(self._identity, self._service)
            # The loop's own timer may be due only after this: it did not run while the process was stopped.
            if self.clock.steady() >= ends:
                raise TimeoutError
            try:
                answer = await self._once(client, operation, parameters)
            except (*FAULTS, AwsError, RuntimeError) as error:
                ours = self._refusal(error, operation, parameters)
                if isinstance(ours, Throttled) and ours.service == self._service:
                    bucket.throttled(started)
                    _log.info("%s:%s is throttled: %.2f/s now", self._service, operation, bucket.rate)
                    attempts.throttled(ours)
                elif is_replaceable(error):
                    attempts.renewing(ours)
                    if not await self._sessions.renew(self._identity, client):
                        raise ours from error
                else:
                    await attempts.pause(ours)
            else:
                client.actor.proven = True
                bucket.succeeded()
                return answer

    async def _once(self, client: Any, operation: str, parameters: Mapping[str, Any]) -> Answer:  # noqa: ANN401 - aiobotocore's clients have no types
        known = self.clock.uncertainty is not None
        sent = self.clock.steady()
        asked_at = self.clock.stamp(sent) if known else 0
        body = await getattr(client, xform_name(operation))(**parameters)
        received = self.clock.steady()
        if MALFORMED in body:
            raise ResponseParserError(body[MALFORMED])
        self.clock.learn(body["ResponseMetadata"]["HTTPHeaders"].get("date"), sent, received)
        return Answer(body, asked_at if known else self.clock.at(sent), received - sent)

    def _refusal(self, error: Exception, operation: str, parameters: Mapping[str, Any]) -> AwsError:
        return refusal(
            error,
            service=self._service,
            operation=operation,
            region=self._identity.region,
            role_arn=self._identity.role_arn,
            external_id=self._identity.external_id,
            paging="NextToken" in parameters,
            account_id=self._account_id,
        )


def pause_after(faults: int) -> float:
    """Return the seconds to wait after so many faults in a row before this one: they grow, and vary."""
    return BackOff(_FIRST_PAUSE, _LONGEST_PAUSE, failures=faults).pause()


class _Attempts:
    """What one call has been through, and whether it may go on."""

    def __init__(self, patience: float) -> None:
        self._deadline = time.monotonic() + patience
        self._throttled: tuple[float, str] | None = None
        self._pauses = BackOff(_FIRST_PAUSE, _LONGEST_PAUSE)
        self._renewed = False

    def throttled_for(self) -> tuple[str, float] | None:
        """With which code AWS throttled the last attempt, and how many seconds ago; told once."""
        throttled, self._throttled = self._throttled, None
        return throttled and (throttled[1], time.monotonic() - throttled[0])

    def throttled(self, refused: Throttled) -> None:
        """Go on until patience ends: the limiter paces the next attempt."""
        if time.monotonic() >= self._deadline:
            raise refused
        self._throttled = (time.monotonic(), refused.code)

    def renewing(self, refused: AwsError) -> None:
        """Go on with new credentials, once."""
        if self._renewed:
            raise refused
        self._renewed = True

    async def pause(self, refused: AwsError) -> None:
        """Wait before the next attempt after a passing fault; raise what does not pass in time."""
        if not isinstance(refused, Retryable) or self._pauses.failures == _FAULTS_BORNE:
            raise refused
        seconds = self._pauses.pause()
        if time.monotonic() + seconds >= self._deadline:
            raise refused
        _log.info("%s: %s: %s: again in %.1f s", refused.operation, refused.code, refused.message, seconds)
        await asyncio.sleep(seconds)
