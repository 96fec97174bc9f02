"""IAM.22 and IAM.8: credentials that nobody uses. Access keys are deactivated, passwords only told."""

from collections.abc import Mapping

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import DAY, instant_of, parse_timestamp, rfc3339
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    Spared,
    Verdict,
    read_or_none,
)
from posture.remediation.actions.iam.access_keys import DeactivateAccessKeys, age_of, history_of, unused_for
from posture.remediation.actions.iam.users import user_name
from posture.remediation.actions.parameters import Values, integer
from posture.remediation.actions.setting import read_or_gone

_PARAMETER = "maxCredentialUsageAge"
# Days (user guide, "AWS IAM controls").
_DAYS = {"IAM.8": 90, "IAM.22": 45}
_days = integer(1, 3650)
_GONE = frozenset({"NoSuchEntity"})


class DeactivateUnusedCredentials(DeactivateAccessKeys):
    """A key that was never used counts from the day on which it was made.

    An unused password fails the control too. It stays: once deleted, no undo could give it back.
    """

    name = "iam-deactivate-unused-credentials"
    controls = frozenset(_DAYS)
    iam = Iam(
        read=(
            "iam:GetAccessKeyLastUsed",
            "iam:GetLoginProfile",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListUserTags",
        ),
        write=("iam:UpdateAccessKey",),
        undo=("iam:UpdateAccessKey",),
    )
    risk = "Whatever signs with such a key once in a long while is refused the next time."
    undo_says = "The keys are active again."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the user's keys and, beside them, since when the password is not used."""
        state = await super().read(reader, resource)
        return state._replace(about={**state.about, "password": await self._password(reader, resource)})

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Find the keys that nobody uses; tell of a password that nobody uses."""
        verdict = super().judge(state, values, situation)
        since, days = state.about["password"], _days_of(situation)
        if since is None or situation.now - parse_timestamp(since) <= days * DAY:
            return verdict
        told = Spared(
            "password",
            Reason.NOT_SUPPORTED,
            f"The password of {state.about['user']} is not used since {since} and stays: nothing could undo"
            " its deletion. Delete it by hand",
        )
        return verdict._replace(spared=(*verdict.spared, told))

    def why_wrong(self, key: Mapping[str, Json], values: Values, situation: Situation) -> str | None:
        """Compare its last use, or its age, with what the control allows."""
        del values
        unused = unused_for(key, situation)
        since = age_of(key, situation) if unused is None else unused
        return history_of(key) if since > _days_of(situation) * DAY else None

    async def _password(self, reader: Reader, resource: ResourceKey) -> str | None:
        """Return when the password was last used, or else made; None: there is none.

        IAM knows no use before October 2014 (IAM API, User).
        """
        request = {"UserName": user_name(resource)}
        profile = await read_or_none(reader, "iam", "GetLoginProfile", request, none=_GONE)
        if profile is None:
            return None
        body = await read_or_gone(reader, "iam", "GetUser", request, gone=_GONE)
        if "User" not in body or "CreateDate" not in profile.get("LoginProfile", {}):
            raise Refused(Reason.UNREADABLE, "IAM did not answer when the password was last used")
        return rfc3339(
            instant_of(body["User"].get("PasswordLastUsed") or profile["LoginProfile"]["CreateDate"])
        )


def _days_of(situation: Situation) -> int:
    """Return the days that the strictest of the findings' controls allows, or its parameter in force."""
    written = situation.control_parameters.get(_PARAMETER)
    try:
        if written:
            return min(int(_days(each)) for each in written)
    except ValueError as error:
        raise Refused(Reason.UNREADABLE, f"The control's parameter makes no sense: {error}") from error
    known = [days for control, days in _DAYS.items() if control in situation.controls]
    if not known:
        raise Refused(Reason.NOT_SUPPORTED, "None of the findings is of a control about unused credentials")
    return min(known)


ACTION = DeactivateUnusedCredentials()
