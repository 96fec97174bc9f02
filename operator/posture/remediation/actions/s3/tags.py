"""The tags of buckets, read so that a missing answer is never taken for "no tags"."""

import asyncio

from posture.aws.client.errors import AwsError
from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import Reader, Refused, Tagged, read_or_none

_AT_ONCE = 8
_PAGE = 1000


async def bucket_tags(reader: Reader, bucket: str, region: str | None = None) -> Tagged:
    """Return a bucket's tags. `NoSuchTagSet` is S3's way to say that there are none (GetBucketTagging)."""
    request = {"Bucket": bucket, "ExpectedBucketOwner": reader.account_id}
    try:
        body = await reader.read("s3", "GetBucketTagging", request, region=region)
    except AwsError as error:
        if error.code == "NoSuchTagSet":
            return Tagged(bucket, ())
        if error.code == "NoSuchBucket":
            raise Refused(Reason.RESOURCE_GONE, f"The bucket {bucket} is gone") from error
        raise
    if "TagSet" not in body:
        raise Refused(Reason.UNREADABLE, f"S3 did not answer with the tags of {bucket}")
    return Tagged(bucket, tuple((tag["Key"], tag["Value"]) for tag in body["TagSet"]))


async def tags_of_all_buckets(reader: Reader) -> tuple[Tagged, ...]:
    """Return the tags of every bucket of the account, in all Regions; one that goes meanwhile has none."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(bucket: str, region: str | None) -> Tagged | None:
        async with turns:
            try:
                return await bucket_tags(reader, bucket, region or await _region_of(reader, bucket))
            except Refused as refused:
                if refused.reason is Reason.RESOURCE_GONE:
                    return None
                raise
            except AwsError as error:
                if error.code == "NoSuchBucket":
                    return None
                raise

    found = await asyncio.gather(*(one(*each) for each in await _buckets(reader)))
    return tuple(each for each in found if each is not None)


async def _buckets(reader: Reader) -> list[tuple[str, str | None]]:
    """Return all buckets with their Regions, where S3 says them: it does in answers that are paged."""
    found: list[tuple[str, str | None]] = []
    token: dict[str, str] = {}
    while True:
        body = await reader.read("s3", "ListBuckets", {"MaxBuckets": _PAGE, **token})
        if "Buckets" not in body:
            raise Refused(Reason.UNREADABLE, "S3 did not answer with the buckets of the account")
        found += [(each["Name"], each.get("BucketRegion")) for each in body["Buckets"]]
        if not body.get("ContinuationToken"):
            return found
        token = {"ContinuationToken": body["ContinuationToken"]}


async def _region_of(reader: Reader, bucket: str) -> str:
    """Return where a bucket is: GetBucketLocation has two Regions under old names."""
    request = {"Bucket": bucket, "ExpectedBucketOwner": reader.account_id}
    body = await read_or_none(reader, "s3", "GetBucketLocation", request, none={"NoSuchBucket"})
    where = (body or {}).get("LocationConstraint")
    return {None: "us-east-1", "EU": "eu-west-1"}.get(where, str(where))
