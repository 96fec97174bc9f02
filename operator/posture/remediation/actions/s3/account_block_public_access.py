"""S3.1: all four flags of the account's block public access."""

from posture.aws.client.errors import AccessDenied
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey, WorksOn
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
    check_account,
    read_or_none,
)
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.s3.flags import ALL_ON, NONE, PART, flags_of, summary
from posture.remediation.actions.s3.tags import tags_of_all_buckets


class AccountBlockPublicAccess(Action):
    """The setting holds in all Regions, whatever that of the finding (S3 Control, PutPublicAccessBlock)."""

    name = "s3-account-block-public-access"
    controls = frozenset({"S3.1"})
    works_on = WorksOn(frozenset({ACCOUNT}), whole_account=True)
    iam = Iam(
        read=(
            "organizations:ListTagsForResource",
            "s3:GetAccountPublicAccessBlock",
            "s3:GetBucketLocation",
            "s3:GetBucketTagging",
            "s3:ListAllMyBuckets",
        ),
        write=("s3:PutAccountPublicAccessBlock",),
        undo=("s3:PutAccountPublicAccessBlock",),
    )
    risk = (
        "Public access to every bucket of the account ends at once, and so does that of other accounts"
        " through a policy that counts as public."
    )
    undo_says = "The four flags are as before, or there is no configuration where there was none."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the four flags."""
        check_account(resource)
        request = {"AccountId": resource.account_id}
        body = await read_or_none(reader, "s3control", "GetPublicAccessBlock", request, none=NONE)
        return LiveState({PART: flags_of(body)})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the account and of all its buckets: the setting touches each of them."""
        check_account(resource)
        account = Tagged(resource.id, await reader.account_tags())
        return (account, *await tags_of_all_buckets(reader))

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Any flag that is off is wrong."""
        del values, situation
        flags = state.parts[PART]
        if flags == ALL_ON:
            return Verdict()
        return Verdict((SubWrite(PART, summary(flags, "the account"), flags, dict(ALL_ON)),))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Turn all four on. The call replaces all of them: one that is left out would be off."""
        await self._put(writer, resource, sub.after)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Put the flags as they were; where there were none, delete the configuration."""
        if sub.before is None:
            await writer.write("s3control", "DeletePublicAccessBlock", {"AccountId": resource.account_id})
        else:
            await self._put(writer, resource, sub.before)

    async def _put(self, writer: Writer, resource: ResourceKey, flags: dict[str, bool]) -> None:
        request = {"AccountId": resource.account_id, "PublicAccessBlockConfiguration": flags}
        try:
            await writer.write("s3control", "PutPublicAccessBlock", request)
        except AccessDenied as error:
            # S3 user guide: an organization-level policy takes precedence, and this call answers 403 then.
            if "organization" in error.message.lower():
                raise Refused(
                    Reason.MANAGED_BY_POLICY, f"A policy of the organization decides this: {error.message}"
                ) from error
            raise


ACTION = AccountBlockPublicAccess()
