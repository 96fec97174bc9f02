"""Access keys of users: what is known of them, and how they are deactivated. Which ones, an action says."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.domain.time import instant_of, parse_timestamp, rfc3339
from posture.remediation.actions.contract import (
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    Spared,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
)
from posture.remediation.actions.iam.users import is_protected, read_marked_pages, user_name, user_tags
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.setting import PartByPart

ACTIVE, INACTIVE = "Active", "Inactive"


class DeactivateAccessKeys(PartByPart):
    """Each key is one sub-write, named by its id, which is no secret."""

    works_on = WorksOn(frozenset({"AwsIamUser"}))
    summary = "Deactivate the keys"

    @abstractmethod
    def why_wrong(self, key: Mapping[str, Json], values: Values, situation: Situation) -> str | None:
        """Say why an active key is wrong; None: it is not. `key`: `created` and `lastUsed`, RFC 3339.

        What is said is approved with the plan: it is the same for as long as nothing happens to the key.
        """

    def why_spared(self, key: Mapping[str, Json], values: Values, situation: Situation) -> str | None:
        """Say why a key that is wrong stays as it is all the same; None: it does not."""
        del key, values, situation
        return None

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the user's keys, with their ages and last uses."""
        name = user_name(resource)
        listed = await read_marked_pages(reader, "ListAccessKeys", "AccessKeyMetadata", {"UserName": name})
        keys = {}
        for key in listed:
            used = await reader.read("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key["AccessKeyId"]})
            keys[key["AccessKeyId"]] = _about(key, used)
        return LiveState(
            {key["AccessKeyId"]: {"Status": key["Status"]} for key in listed}, {"user": name, "keys": keys}
        )

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the user; keys have none of their own."""
        return (await user_tags(reader, user_name(resource)),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Find the active keys that are wrong."""
        user = state.about["user"]
        if is_protected(user, situation.protected):
            raise Refused(
                Reason.EXCEPTED, f"{user} is a user that breakGlass.iamUsers of the configuration names"
            )
        wrong: list[SubWrite] = []
        spared: list[Spared] = []
        for name, part in sorted(state.parts.items()):
            key = state.about["keys"][name]
            why = self.why_wrong(key, values, situation) if part["Status"] == ACTIVE else None
            if why is None:
                continue
            if name in situation.protected.access_keys:
                spare: str | None = "it signs for the operator itself"
            else:
                spare = self.why_spared(key, values, situation)
            if spare is None:
                summary = f"Deactivate {name} of {user}: {why}"
                wrong.append(SubWrite(name, summary, part, {"Status": INACTIVE}))
            else:
                spared.append(Spared(name, Reason.IN_USE, f"{name} of {user} stays active: {spare}"))
        return Verdict(tuple(wrong), tuple(spared))

    async def put_part(self, writer: Writer, resource: ResourceKey, part: str, value: Json) -> None:
        """Activate or deactivate a key."""
        request = {"UserName": user_name(resource), "AccessKeyId": part, "Status": value["Status"]}
        await writer.write("iam", "UpdateAccessKey", request)


def age_of(key: Mapping[str, Json], situation: Situation) -> int:
    """Return how old a key is, in µs."""
    return situation.now - parse_timestamp(key["created"])


def unused_for(key: Mapping[str, Json], situation: Situation) -> int | None:
    """Return for how long a key has not been used, in µs; None: it never was."""
    return None if key["lastUsed"] is None else situation.now - parse_timestamp(key["lastUsed"])


def history_of(key: Mapping[str, Json]) -> str:
    """Say on which days a key was made and last used."""
    used = "never used" if key["lastUsed"] is None else f"last used on {_day(key['lastUsed'])}"
    return f"made on {_day(key['created'])}, {used}"


def _day(moment: str) -> str:
    return moment.partition("T")[0]


def _about(key: dict[str, Any], used: dict[str, Any]) -> dict[str, Json]:
    if "AccessKeyLastUsed" not in used:
        raise Refused(Reason.UNREADABLE, f"IAM did not answer when {key['AccessKeyId']} was last used")
    last = used["AccessKeyLastUsed"].get("LastUsedDate")
    return {
        "created": rfc3339(instant_of(key["CreateDate"])),
        "lastUsed": None if last is None else rfc3339(instant_of(last)),
    }
