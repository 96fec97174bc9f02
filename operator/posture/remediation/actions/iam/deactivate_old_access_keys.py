"""IAM.3: active access keys that are too old."""

from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.domain.time import DAY, instant_of, parse_timestamp, rfc3339
from posture.remediation.actions.contract import (
    Action,
    Iam,
    Json,
    Reader,
    Refused,
    Situation,
    Spared,
    State,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
)
from posture.remediation.actions.iam.users import is_protected, read_pages, user_name, user_tags
from posture.remediation.actions.parameters import Parameter, Values, duration

_ACTIVE, _INACTIVE = "Active", "Inactive"


class DeactivateOldAccessKeys(Action):
    """Each key is one sub-write, named by its id, which is no secret."""

    name = "iam-deactivate-old-access-keys"
    controls = frozenset({"IAM.3"})
    works_on = WorksOn(frozenset({"AwsIamUser"}))
    parameters = (
        Parameter("maxAge", "A key that is older is deactivated.", "2160h", duration("1s", "87600h")),
        Parameter(
            "unusedFor",
            "Only a key that is unused for so long is deactivated, such as `336h`; none: any.",
            None,
            duration("1h", "87600h"),
        ),
    )
    iam = Iam(
        read=("iam:GetAccessKeyLastUsed", "iam:ListAccessKeys", "iam:ListUserTags"),
        write=("iam:UpdateAccessKey",),
        undo=("iam:UpdateAccessKey",),
    )
    risk = "Whatever signs with such a key is refused from then on."
    undo_says = "The keys are active again."

    async def read(self, reader: Reader, resource: ResourceKey) -> State:
        """Return the user's keys, with their ages and last uses."""
        name = user_name(resource)
        listed = await read_pages(reader, "ListAccessKeys", "AccessKeyMetadata", {"UserName": name})
        keys = {}
        for key in listed:
            used = await reader.read("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key["AccessKeyId"]})
            keys[key["AccessKeyId"]] = _about(key, used)
        return State(
            {key["AccessKeyId"]: {"Status": key["Status"]} for key in listed}, {"user": name, "keys": keys}
        )

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the user; keys have none of their own."""
        return (await user_tags(reader, user_name(resource)),)

    def judge(self, state: State, values: Values, situation: Situation) -> Verdict:
        """Find active keys older than `maxAge`; one that is in use is spared."""
        user = state.about["user"]
        if is_protected(user, situation.protected):
            raise Refused(
                Reason.EXCEPTED, f"{user} is a user that breakGlass.iamUsers of the configuration names"
            )
        wrong: list[SubWrite] = []
        spared: list[Spared] = []
        for key, part in sorted(state.parts.items()):
            about = state.about["keys"][key]
            age = situation.now - parse_timestamp(about["created"])
            if part["Status"] != _ACTIVE or age <= values["maxAge"]:
                continue
            why = _in_use(key, about["lastUsed"], values["unusedFor"], situation)
            if why is not None:
                spared.append(Spared(key, Reason.IN_USE, f"{key} of {user} stays active: {why}"))
                continue
            summary = f"Deactivate {key} of {user}: {age // DAY} days old, {_last_use(about['lastUsed'])}"
            wrong.append(SubWrite(key, summary, part, {"Status": _INACTIVE}))
        return Verdict(tuple(wrong), tuple(spared))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Deactivate the key."""
        await self._set(writer, resource, sub.name, sub.after)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Activate the key again."""
        await self._set(writer, resource, sub.name, sub.before)

    async def _set(self, writer: Writer, resource: ResourceKey, key: str, part: Json) -> None:
        request = {"UserName": user_name(resource), "AccessKeyId": key, "Status": part["Status"]}
        await writer.write("iam", "UpdateAccessKey", request)


def _about(key: dict[str, Any], used: dict[str, Any]) -> dict[str, Json]:
    if "AccessKeyLastUsed" not in used:
        raise Refused(Reason.UNREADABLE, f"IAM did not answer when {key['AccessKeyId']} was last used")
    last = used["AccessKeyLastUsed"].get("LastUsedDate")
    return {
        "created": rfc3339(instant_of(key["CreateDate"])),
        "lastUsed": None if last is None else rfc3339(instant_of(last)),
    }


def _in_use(key: str, last_used: str | None, unused_for: int | None, situation: Situation) -> str | None:
    if key in situation.protected.access_keys:
        return "it signs for the operator itself"
    if unused_for is None or last_used is None or situation.now - parse_timestamp(last_used) > unused_for:
        return None
    return f"it was {_last_use(last_used)}, which is not longer ago than unusedFor"


def _last_use(last_used: str | None) -> str:
    return "never used" if last_used is None else f"last used at {last_used}"


ACTION = DeactivateOldAccessKeys()
