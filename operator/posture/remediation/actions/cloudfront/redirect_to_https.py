"""CloudFront.3: distributions that answer over HTTPS alone."""

from collections.abc import Iterator
from typing import Any

from posture.aws.client.unread import UNREAD
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    ChangedSince,
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
from posture.remediation.actions.setting import pairs, read_or_gone

_PART = "viewerProtocolPolicies"
_POLICY, _CONFIG, _ETAG = "ViewerProtocolPolicy", "DistributionConfig", "ETag"
_WRONG, _RIGHT = "allow-all", "redirect-to-https"
# The path of the default behaviour, which has none; those of others are never empty.
_DEFAULT = ""


class RedirectToHttps(Action):
    """CloudFront takes a whole configuration alone: the one that is there, if and only if it is still there.

    The part is the policy of each cache behaviour by its path, the default one's is empty. `https-only` is
    right too, and stays (CloudFront API, UpdateDistribution and ViewerProtocolPolicy).
    """

    name = "cloudfront-redirect-to-https"
    controls = frozenset({"CloudFront.3"})
    works_on = WorksOn(frozenset({"AwsCloudFrontDistribution"}))
    iam = Iam(
        read=("cloudfront:GetDistributionConfig", "cloudfront:ListTagsForResource"),
        write=("cloudfront:UpdateDistribution",),
        undo=("cloudfront:UpdateDistribution",),
    )
    risk = "Clients that do not follow redirects, and those without TLS, are cut off."
    undo_says = "The policies are as before; whatever else was changed meanwhile stays."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the policies, and what of the configuration cannot be sent back."""
        body = await _configuration(reader, resource)
        return LiveState({_PART: _policies(body[_CONFIG])}, {"unread": body.get(UNREAD, [])})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the distribution's tags."""
        name_after(resource, "distribution/")
        body = await read_or_gone(
            reader,
            "cloudfront",
            "ListTagsForResource",
            {"Resource": resource.id},
            gone={"NoSuchResource"},
        )
        if "Tags" not in body:
            raise Refused(Reason.UNREADABLE, "CloudFront did not answer with the distribution's tags")
        return (Tagged(resource.id, pairs(body["Tags"].get("Items", []))),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Find the behaviours that let everything in."""
        del values, situation
        present = state.parts[_PART]
        wrong = [path or "the default" for path, policy in present.items() if policy == _WRONG]
        if not wrong:
            return Verdict()
        _check_known(state.about["unread"])
        wanted = {path: _RIGHT if policy == _WRONG else policy for path, policy in present.items()}
        summary = f"Redirect to HTTPS in cache behaviours: {', '.join(wrong)}"
        return Verdict((SubWrite(_PART, summary, present, wanted),))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Send the configuration back with redirects to HTTPS where HTTP was let in."""
        body = await _configuration(writer, resource)
        if _policies(body[_CONFIG]) != sub.before:
            raise Refused(Reason.PENDING, "The distribution has been changed since it was read")
        await _send(writer, resource, body, sub.after)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Send the configuration with the policies that were, if it has those that were written."""
        body = await _configuration(writer, resource)
        if _policies(body[_CONFIG]) != sub.after:
            raise ChangedSince(f"{sub.name} has been changed since. Nothing is restored over it")
        await _send(writer, resource, body, sub.before)


async def _configuration(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    request = {"Id": name_after(resource, "distribution/")}
    body = await read_or_gone(
        reader, "cloudfront", "GetDistributionConfig", request, gone={"NoSuchDistribution"}
    )
    known = body.get(_ETAG) and "DefaultCacheBehavior" in body.get(_CONFIG, {})
    if not known or not all(_POLICY in behaviour for _, behaviour in _behaviours(body[_CONFIG])):
        raise Refused(Reason.UNREADABLE, "CloudFront did not answer with the configuration and its version")
    return body


def _behaviours(configuration: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _DEFAULT, configuration["DefaultCacheBehavior"]
    for each in configuration.get("CacheBehaviors", {}).get("Items", []):
        yield each.get("PathPattern", _DEFAULT), each


def _policies(configuration: dict[str, Any]) -> dict[str, Json]:
    return {path: behaviour[_POLICY] for path, behaviour in _behaviours(configuration)}


def _check_known(unread: list[str]) -> None:
    """Refuse a configuration with settings that would be lost: those that this version does not know."""
    if unread:
        raise Refused(
            Reason.NOT_SUPPORTED,
            f"It has settings that this version cannot send back ({', '.join(unread)}): change it by hand",
        )


async def _send(writer: Writer, resource: ResourceKey, body: dict[str, Any], policies: Json) -> None:
    """Send a configuration back with other policies; CloudFront refuses it where it is not the last."""
    _check_known(body.get(UNREAD, []))
    configuration = body[_CONFIG]
    for path, behaviour in _behaviours(configuration):
        behaviour[_POLICY] = policies[path]
    request = {"Id": name_after(resource, "distribution/"), "IfMatch": body[_ETAG], _CONFIG: configuration}
    await writer.write("cloudfront", "UpdateDistribution", request)


ACTION = RedirectToHttps()
