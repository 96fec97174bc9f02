"""Whether the aggregator of a target that is scored by AWS Config is there, and what it has read."""

from posture.aws.client.errors import AwsError
from posture.aws.client.sessions import Identity
from posture.aws.config.client import AggregatorClient
from posture.cli.check.result import Judgement, failed, ok, warning
from posture.domain.text import counted
from posture.hubs.demand import HubKey
from posture.remediation.member import Aws
from posture.sources.config.cloud import chosen_aggregator
from posture.sources.config.reading import is_read

_NAMED = 3


async def check_aggregator(key: HubKey, aws: Aws) -> Judgement:
    """Look for the aggregator of a hub, and how the last updates of its sources went."""
    identity = Identity(key.role_arn, key.external_id, key.region)
    config = AggregatorClient(aws.sessions, identity, aws.limiters, aws.usage)
    try:
        found = await chosen_aggregator(config, key.aggregator)
        statuses = await config.source_statuses(found.name)
    except AwsError as error:
        return failed(f"{error.operation}: {error.code}: {error.message}", error.advice or "see the message")
    late = [each for each in statuses if not is_read(each)]
    if late:
        named = "; ".join(
            f"{each.source_id} in {each.aws_region or 'all Regions'}: {each.last_update_status}"
            f" {each.last_error_code or ''}".rstrip()
            for each in late[:_NAMED]
        )
        return warning(
            f"{found.name}: {len(late)} of {counted(len(statuses), 'source', 'sources')} are not up to date,"
            f" such as {named}",
            "mend these sources in AWS Config, or leave their accounts out by spec.accounts.exclude",
        )
    return ok(f"{found.name}: {counted(len(statuses), 'source is', 'sources are')} up to date")
