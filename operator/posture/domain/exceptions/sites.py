"""Where a policy has written to Security Hub: a record that is kept on the policy itself, as an annotation.

It is put there in the patch that has the policy wait for its clean-up, before the first write, so that what
a policy did is undone there whatever its target looks at later. Whoever may change a policy may change the
record too: it says where to look, and gives no right to look there. What makes no sense in it is left out.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from posture.domain.arns import account_of

ANNOTATION = "posture.dev/written-in"
MAX_SITES = 10
"""Security Hubs in which one policy may wait to be undone at a time."""
MAX_TROUBLE = 300
_MAX_TEXT = 16_384

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
# As `spec.aws.region` is written; it becomes part of a host's name.
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}", re.ASCII)
_MAX_ROLE = 512


class Site(NamedTuple):
    """One Security Hub, and who wrote there."""

    account_id: str
    region: str
    role_arn: str | None
    """None: the operator itself."""
    trouble: str = ""
    """Why what was written there cannot be undone now, as whoever works on that Security Hub found."""

    @property
    def name(self) -> str:
        """Name it for people."""
        who = "the operator's own identity" if self.role_arn is None else self.role_arn
        return f"account {self.account_id}, Region {self.region} (as {who})"

    def is_one_with(self, other: "Site") -> bool:
        """Whether this is the same Security Hub, through whatever role."""
        return (self.account_id, self.region) == (other.account_id, other.region)

    def is_seen_by(self, role_arn: str | None, region: str) -> bool:
        """Whether who works as this role (None: the operator's own identity) in this Region sees this one."""
        same_role = role_arn == self.role_arn
        return region == self.region and (same_role or account_of(role_arn) == self.account_id)


def parse_sites(text: str | None) -> tuple[Site, ...]:
    """Read the annotation; at most MAX_SITES, in their order."""
    if not text or len(text) > _MAX_TEXT:
        return ()
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found: dict[tuple[str, str, str | None], Site] = {}
    for each in listed if isinstance(listed, list) else ():
        site = _site(each)
        if site is not None:
            found.setdefault(site[:3], site)
    return tuple(found.values())[:MAX_SITES]


def format_sites(sites: Iterable[Site]) -> str:
    """Write the annotation."""
    return json.dumps(
        [
            {
                "account": each.account_id,
                "region": each.region,
                **({} if each.role_arn is None else {"roleArn": each.role_arn}),
                **({"trouble": each.trouble} if each.trouble else {}),
            }
            for each in sites
        ],
        ensure_ascii=False,
    )


def added(sites: Sequence[Site], site: Site) -> tuple[Site, ...] | None:
    """Return the record with a site, through whatever role it was written to before; None: it has no room."""
    others = tuple(each for each in sites if not each.is_one_with(site))
    return None if len(others) >= MAX_SITES else (*others, site)


def without(sites: Sequence[Site], site: Site) -> tuple[Site, ...]:
    """Return the record without a Security Hub."""
    return tuple(each for each in sites if not each.is_one_with(site))


def in_trouble(sites: Sequence[Site], site: Site, trouble: str) -> tuple[Site, ...]:
    """Return the record with why a site cannot be undone now; empty: nothing is known to prevent it."""
    told = trouble[:MAX_TROUBLE]
    return tuple(each._replace(trouble=told) if each.is_one_with(site) else each for each in sites)


def _site(entry: Any) -> Site | None:  # noqa: ANN401 -- anybody may have written it
    if not isinstance(entry, dict):
        return None
    account, region, role = entry.get("account"), entry.get("region"), entry.get("roleArn")
    trouble = entry.get("trouble", "")
    if not isinstance(account, str) or not isinstance(region, str) or not isinstance(trouble, str):
        return None
    if role is not None and (not isinstance(role, str) or len(role) > _MAX_ROLE):
        return None
    if not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region):
        return None
    # The account of a role is in its name: a record that says otherwise would have another one looked at.
    if role is not None and account_of(role) != account:
        return None
    return Site(account, region, role, trouble[:MAX_TROUBLE])
