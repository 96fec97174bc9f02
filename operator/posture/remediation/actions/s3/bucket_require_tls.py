"""S3.5: buckets whose policy denies all requests that come without TLS."""

import json

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    Iam,
    Json,
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
from posture.remediation.actions.policies import (
    EVERYBODY,
    Document,
    Statement,
    Tested,
    is_for_everybody,
    lost_principals,
    meaning_of,
    read_document,
    statements_of,
    tests_of,
    values_of,
)
from posture.remediation.actions.s3.buckets import is_website, owned, read_bucket, websites
from posture.remediation.actions.s3.tags import bucket_tags

_PART, _SID = "policy", "PostureRequireTls"
_NONE = frozenset({"NoSuchBucketPolicy"})
_WITHOUT_TLS = Tested("bool", "aws:securetransport", ("false",))
_ACTIONS = frozenset({"s3:*", EVERYBODY})
# Bucket policies (S3 user guide, "Bucket policies").
_MOST_BYTES = 20 * 1024


class RequireTls(Action):
    """One statement is added to the policy; all others stay, in their order and spelling.

    A call replaces the whole policy, and S3 has no condition for it: what a person puts between the last
    read and the write is lost.
    """

    name = "s3-bucket-require-tls"
    controls = frozenset({"S3.5"})
    works_on = WorksOn(frozenset({"AwsS3Bucket"}))
    parameters = (websites("Deny"),)
    iam = Iam(
        read=("s3:GetBucketPolicy", "s3:GetBucketTagging", "s3:GetBucketWebsite"),
        write=("s3:PutBucketPolicy",),
        undo=("s3:DeleteBucketPolicy", "s3:PutBucketPolicy"),
    )
    risk = "Clients that come without TLS are refused, among them all readers of a website endpoint."
    undo_says = "The policy is as before, or there is none where there was none."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return what the policy says (None: there is none), its text, and whether it is a website."""
        website = await is_website(reader, resource)
        body = await read_bucket(reader, "GetBucketPolicy", resource, none=_NONE)
        if body is not None and not body.get("Policy"):
            raise Refused(Reason.UNREADABLE, "S3 did not answer with the policy of the bucket")
        text = None if body is None else body["Policy"]
        said = None if text is None else meaning_of(read_document(text))
        return LiveState({_PART: said}, {"text": text, "website": website, "bucket": resource.id})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the bucket's tags."""
        return (await bucket_tags(reader, name_after(resource, "")),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Look for such a statement."""
        del situation
        bucket, text = state.about["bucket"], state.about["text"]
        present = {"Version": "2012-10-17", "Statement": []} if text is None else read_document(text)
        if any(_denies(statement, bucket) for statement in statements_of(present)):
            return Verdict()
        if state.about["website"] and values["websites"] == "Skip":
            raise Refused(
                Reason.IN_USE,
                "The bucket is a website, whose endpoint has no TLS; set websites to Deny to end that",
            )
        wanted = _with_ours(present, bucket)
        put = json.dumps(wanted)
        if len(put.encode()) > _MOST_BYTES:
            raise Refused(Reason.NOT_SUPPORTED, f"The policy would be longer than {_MOST_BYTES} bytes")
        handle = {"before": text, "after": put}
        summary = "Deny requests without TLS in the bucket's policy"
        return Verdict((SubWrite(_PART, summary, state.parts[_PART], meaning_of(wanted), handle),))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put the policy with the statement."""
        await self._put(writer, resource, sub.handle["after"])

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put the text that was there; where there was none, delete the policy."""
        if sub.handle["before"] is None:
            await writer.write("s3", "DeleteBucketPolicy", owned(resource))
        else:
            await self._put(writer, resource, sub.handle["before"])

    async def _put(self, writer: Writer, resource: ResourceKey, text: str) -> None:
        await writer.write("s3", "PutBucketPolicy", {**owned(resource), "Policy": text})


def _denies(statement: Statement, bucket: str) -> bool:
    """Whether a statement is what the control looks for: all of S3, for everybody, and nothing but TLS."""
    resources = values_of(statement, "Resource")
    return (
        statement.get("Effect") == "Deny"
        and is_for_everybody(statement)
        and not _ACTIONS.isdisjoint(values_of(statement, "Action"))
        and (EVERYBODY in resources or {bucket, f"{bucket}/*"} <= set(resources))
        and list(tests_of(statement)) == [_WITHOUT_TLS]
    )


def _with_ours(present: Document, bucket: str) -> dict[str, Json]:
    """Return the policy with our statement, if it can be put, and the present one again after it."""
    lost = lost_principals(present)
    if lost:
        raise Refused(
            Reason.NOT_SUPPORTED,
            f"The policy names what is there no more ({', '.join(lost)}): S3 refuses to take it as it is."
            " Take these principals out of it",
        )
    others = statements_of(present)
    if any(each.get("Sid") == _SID for each in others):
        raise Refused(
            Reason.NOT_SUPPORTED, f"The policy has a statement {_SID} that says something else: rename it"
        )
    ours = {
        "Sid": _SID,
        "Effect": "Deny",
        "Principal": EVERYBODY,
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {**present, "Statement": [*others, ours]}


ACTION = RequireTls()
