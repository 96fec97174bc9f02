"""IAM.7 and IAM.10 to 17: the account's password policy."""

from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.resources import ACCOUNT, ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    Iam,
    Json,
    LiveState,
    Reader,
    Situation,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    check_account,
    read_or_none,
)
from posture.remediation.actions.iam.users import read_marked_pages, user_tags
from posture.remediation.actions.parameters import Parameter, Values, integer

_PART = "passwordPolicy"
_NO_POLICY = frozenset({"NoSuchEntity"})
_LENGTH, _REUSE, _AGE = "MinimumPasswordLength", "PasswordReusePrevention", "MaxPasswordAge"
_NUMBERS = (_LENGTH, _REUSE, _AGE)
_REQUIRED = (
    "RequireLowercaseCharacters",
    "RequireNumbers",
    "RequireSymbols",
    "RequireUppercaseCharacters",
)
_FLAGS = (*_REQUIRED, "AllowUsersToChangePassword", "HardExpiry")
# What an account without a policy of its own has (IAM user guide, "Default password policy").
_DEFAULT_LENGTH = 8


class SetPasswordPolicy(Action):
    """The call replaces the whole policy: what is there is sent again, and only ever made stricter.

    `HardExpiry` stays as it is, and no age is set unless a rule names one: both lock people out.
    """

    name = "iam-set-password-policy"
    controls = frozenset({"IAM.7", *(f"IAM.{number}" for number in range(10, 18))})
    works_on = WorksOn(frozenset({ACCOUNT}), whole_account=True)
    parameters = (
        Parameter("minimumLength", "Characters that a password has at least.", "14", integer(8, 128)),
        Parameter("remembered", "Old passwords that may not be used again.", "24", integer(1, 24)),
        Parameter("maxAge", "Days after which a password expires; none: as it is.", None, integer(1, 1095)),
    )
    iam = Iam(
        read=(
            "iam:GetAccountPasswordPolicy",
            "iam:ListUserTags",
            "iam:ListUsers",
            "organizations:ListTagsForResource",
        ),
        write=("iam:UpdateAccountPasswordPolicy",),
        undo=("iam:DeleteAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy"),
    )
    risk = (
        "The next password of each user must meet the policy; with maxAge, users whose password is older"
        " must change it at once."
    )
    undo_says = "The policy is as before, or there is none where there was none."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the policy; None: the account has none of its own."""
        check_account(resource)
        body = await read_or_none(reader, "iam", "GetAccountPasswordPolicy", {}, none=_NO_POLICY)
        return LiveState({_PART: None if body is None else _normal(body["PasswordPolicy"])})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the account and of all its users: the policy touches each of them."""
        check_account(resource)
        account = Tagged(resource.id, await reader.account_tags())
        users = await read_marked_pages(reader, "ListUsers", "Users", {})
        return (account, *[await user_tags(reader, user["UserName"]) for user in users])

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Compare the policy with the same one made stricter."""
        del situation
        present = state.parts[_PART]
        wanted = _stricter(present or {}, values)
        if present == wanted:
            return Verdict()
        changed = sorted(name for name in wanted if (present or {}).get(name) != wanted[name])
        summary = f"Set {', '.join(f'{name} to {wanted[name]}' for name in changed)}"
        return Verdict((SubWrite(_PART, summary, present, wanted),))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Set the whole policy."""
        del resource
        await writer.write("iam", "UpdateAccountPasswordPolicy", sub.after)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Set the whole policy as it was; where there was none, delete it."""
        del resource
        if sub.before is None:
            await writer.write("iam", "DeleteAccountPasswordPolicy", {})
        else:
            await writer.write("iam", "UpdateAccountPasswordPolicy", sub.before)


def _normal(policy: Mapping[str, Any]) -> dict[str, Json]:
    """Return what can be sent of a policy: IAM takes no 0, and `ExpirePasswords` is only told."""
    numbers = {name: policy[name] for name in _NUMBERS if policy.get(name)}
    return {**{name: bool(policy.get(name)) for name in _FLAGS}, **numbers}


def _stricter(policy: Mapping[str, Any], values: Values) -> dict[str, Json]:
    wanted = _normal(policy)
    wanted |= dict.fromkeys(_REQUIRED, True)
    wanted[_LENGTH] = max(wanted.get(_LENGTH, _DEFAULT_LENGTH), values["minimumLength"])
    wanted[_REUSE] = max(wanted.get(_REUSE, 0), values["remembered"])
    if values["maxAge"] is not None:
        wanted[_AGE] = min(wanted.get(_AGE, values["maxAge"]), values["maxAge"])
    return wanted


ACTION = SetPasswordPolicy()
