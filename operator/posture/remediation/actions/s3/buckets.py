"""Buckets: what calls name them by, and what is read of them."""

from collections.abc import Collection
from typing import Any

from posture.aws.client.errors import AwsError
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Reader, Refused, name_after, read_or_none
from posture.remediation.actions.parameters import Parameter, choice

_NO_WEBSITE = frozenset({"NoSuchWebsiteConfiguration"})


def owned(resource: ResourceKey) -> dict[str, str]:
    """Return what calls name a bucket by; AWS refuses them where it is another account's by now."""
    return {"Bucket": name_after(resource, ""), "ExpectedBucketOwner": resource.account_id}


async def read_bucket(
    reader: Reader, operation: str, resource: ResourceKey, *, none: Collection[str] = ()
) -> dict[str, Any] | None:
    """Read something of a bucket; None where AWS answers with one of the codes `none`."""
    if reader.account_id != resource.account_id:
        raise Refused(Reason.ACCOUNT_MISMATCH, f"{reader.account_id} is read, not {resource.account_id}")
    try:
        return await read_or_none(reader, "s3", operation, owned(resource), none=none)
    except AwsError as error:
        if error.code == "NoSuchBucket":
            raise Refused(Reason.RESOURCE_GONE, "The bucket is gone") from error
        raise


async def is_website(reader: Reader, resource: ResourceKey) -> bool:
    """Whether a bucket is a website, which the public reads without TLS."""
    return await read_bucket(reader, "GetBucketWebsite", resource, none=_NO_WEBSITE) is not None


def websites(otherwise: str) -> Parameter:
    """Return the parameter that decides about websites; `otherwise`: what is done to them if not `Skip`."""
    says = f"What becomes of a bucket that is a website: `Skip` or `{otherwise}`."
    return Parameter("websites", says, "Skip", choice("Skip", otherwise))
