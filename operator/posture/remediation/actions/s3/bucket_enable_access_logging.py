"""S3.9: buckets whose requests are logged in a bucket that the rule names."""

import re

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
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
    read_or_none,
)
from posture.remediation.actions.parameters import Parameter, Values
from posture.remediation.actions.s3.buckets import owned, read_bucket
from posture.remediation.actions.s3.tags import bucket_tags
from posture.remediation.actions.setting import Setting

_LOGGING, _TARGET = "LoggingEnabled", "TargetBucket"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PLACE = re.compile(r"\{\{ *(resource\.accountId|resource\.region) *\}\}", re.ASCII)
_EXAMPLES = {"resource.accountId": "111122223333", "resource.region": "eu-west-1"}
_UNLOCKED = frozenset({"ObjectLockConfigurationNotFoundError"})


def _named(template: str, account_id: str, region: str) -> str:
    """Return the name of the bucket for an account and Region: one for all of them there cannot be."""
    facts = {"resource.accountId": account_id, "resource.region": region}
    return _PLACE.sub(lambda match: facts[match[1]], template)


def _template(text: str) -> str:
    if not _NAME.fullmatch(_named(text, *_EXAMPLES.values())):
        raise ValueError(
            "write the name of a bucket, such as logs-{{ resource.accountId }}-{{ resource.region }}, not"
            f" {text!r}"
        )
    return text


class EnableAccessLogging(Setting):
    """S3 takes a bucket of the same account and Region alone that lets its log delivery write.

    (S3 user guide, "Logging requests with server access logging".) A bucket that is logged anywhere is right.
    """

    name = "s3-bucket-enable-access-logging"
    controls = frozenset({"S3.9"})
    works_on = WorksOn(frozenset({"AwsS3Bucket"}))
    parameters = (
        Parameter(
            "targetBucket",
            "Where the logs go, in the bucket's own account and Region, such as"
            " `logs-{{ resource.accountId }}-{{ resource.region }}`; each bucket's under its name.",
            None,
            _template,
            required=True,
        ),
    )
    iam = Iam(
        read=("s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketTagging"),
        write=("s3:PutBucketLogging",),
        undo=("s3:PutBucketLogging",),
    )
    risk = "Nothing is cut off; the logs are paid for by their size, for as long as the target keeps them."
    undo_says = "The setting is as before; logs that were written stay."
    part = _LOGGING
    summary = "Log requests to the bucket"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return where the bucket's requests are logged; None: nowhere."""
        body = await read_bucket(reader, "GetBucketLogging", resource)
        about = {
            "bucket": name_after(resource, ""),
            "account": resource.account_id,
            "region": resource.region,
        }
        return LiveState({_LOGGING: (body or {}).get(_LOGGING)}, about)

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the bucket's tags."""
        return (await bucket_tags(reader, name_after(resource, "")),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Log a bucket that is not logged, but for the one that the logs go to."""
        del situation
        about = state.about
        if state.parts[_LOGGING] is not None:
            return Verdict()
        target = _named(values["targetBucket"], about["account"], about["region"])
        if target == about["bucket"]:
            raise Refused(Reason.NOT_SUPPORTED, "The logs go to this very bucket: suppress its finding")
        wanted = {_TARGET: target, "TargetPrefix": f"{about['bucket']}/"}
        return Verdict((SubWrite(_LOGGING, f"{self.summary} in {target}", None, wanted),))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Turn logging on. To a bucket that locks what is put into it S3 would deliver nothing."""
        target = {"Bucket": sub.after[_TARGET], "ExpectedBucketOwner": resource.account_id}
        locked = await read_or_none(writer, "s3", "GetObjectLockConfiguration", target, none=_UNLOCKED)
        rule = (locked or {}).get("ObjectLockConfiguration", {}).get("Rule", {})
        if rule.get("DefaultRetention"):
            raise Refused(
                Reason.NOT_SUPPORTED,
                f"{sub.after[_TARGET]} locks objects by default, and takes no logs: name another bucket",
            )
        await super().write(writer, resource, sub)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Turn logging on or off."""
        status = {} if value is None else {_LOGGING: value}
        await writer.write("s3", "PutBucketLogging", {**owned(resource), "BucketLoggingStatus": status})


ACTION = EnableAccessLogging()
