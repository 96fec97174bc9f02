"""CloudWatch as one identity sees it from one Region: it takes metrics."""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.aws.client.calls import Calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions

_SERVICE = "cloudwatch"


class CloudWatch:
    """CloudWatch's API for one identity and its Region."""

    def __init__(self, sessions: Sessions, identity: Identity, limiters: Limiters, usage: Usage) -> None:
        self._calls = Calls(sessions, identity, limiters, usage, service=_SERVICE)

    async def put_metric_data(
        self, namespace: str, data: Sequence[Mapping[str, Any]], *, within: float
    ) -> int:
        """Put up to 1,000 metrics, each as the API names it (MetricDatum): all of them, or none.

        botocore compresses bodies of 10,240 bytes and more by gzip. `within`: seconds after which the call is
        over in any case. Returns the start of the request, in µs by AWS's clock. Raises AwsError.
        """
        parameters = {"Namespace": namespace, "MetricData": list(data)}
        # Whoever sends has a back-off of its own, and is told of being throttled rather than late.
        patience = within / 4
        answer = await self._calls.call("PutMetricData", parameters, within=within, patience=patience)
        return answer.asked_at
