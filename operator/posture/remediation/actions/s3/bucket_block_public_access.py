"""S3.8, S3.2, S3.3: all four flags of a bucket's block public access, even if the account has them too."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    Iam,
    LiveState,
    Reader,
    Refused,
    Situation,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    name_after,
)
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.s3.buckets import is_website, owned, read_bucket, websites
from posture.remediation.actions.s3.flags import ALL_ON, NONE, PART, flags_of, summary
from posture.remediation.actions.s3.tags import bucket_tags


class BucketBlockPublicAccess(Action):
    """Policies and ACLs of the bucket stay as they are: what is public by them is blocked."""

    name = "s3-bucket-block-public-access"
    controls = frozenset({"S3.2", "S3.3", "S3.8"})
    works_on = WorksOn(frozenset({"AwsS3Bucket"}))
    parameters = (websites("Block"),)
    iam = Iam(
        read=("s3:GetBucketPublicAccessBlock", "s3:GetBucketTagging", "s3:GetBucketWebsite"),
        write=("s3:PutBucketPublicAccessBlock",),
        undo=("s3:PutBucketPublicAccessBlock",),
    )
    risk = (
        "Public downloads from the bucket end at once, and so do reads by other accounts through a policy"
        " that counts as public."
    )
    undo_says = "The four flags are as before, or there is no configuration where there was none."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the four flags, and whether the bucket is a website."""
        website = await is_website(reader, resource)
        body = await read_bucket(reader, "GetPublicAccessBlock", resource, none=NONE)
        return LiveState({PART: flags_of(body)}, {"website": website})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the bucket's tags."""
        return (await bucket_tags(reader, name_after(resource, "")),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Any flag that is off is wrong."""
        del situation
        flags = state.parts[PART]
        if flags == ALL_ON:
            return Verdict()
        if state.about["website"] and values["websites"] == "Skip":
            raise Refused(
                Reason.IN_USE, "The bucket is a website; set websites to Block to block it all the same"
            )
        return Verdict((SubWrite(PART, summary(flags, "the bucket"), flags, dict(ALL_ON)),))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Turn all four on. The call replaces all of them."""
        request = {**owned(resource), "PublicAccessBlockConfiguration": sub.after}
        await writer.write("s3", "PutPublicAccessBlock", request)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put the flags as they were; where there were none, delete the configuration."""
        if sub.before is None:
            await writer.write("s3", "DeletePublicAccessBlock", owned(resource))
        else:
            request = {**owned(resource), "PublicAccessBlockConfiguration": sub.before}
            await writer.write("s3", "PutPublicAccessBlock", request)


ACTION = BucketBlockPublicAccess()
