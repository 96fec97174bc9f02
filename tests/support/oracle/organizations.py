"""Small organizations that hypothesis makes up: findings before they are written as raw ASFF or as cells.

Every value that can matter is drawn from a handful, so that rules meet often: the same control in both
formats, in several standards, in accounts that share a workload, suppressed, stale, forged, off.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any, NamedTuple

from hypothesis import strategies as st

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/1.4.0"
OLD_CIS = "cis-aws-foundations-benchmark/v/1.2.0"
STANDARDS = (FSBP, CIS, OLD_CIS)
REGIONS = ("eu-west-1", "us-east-1")
HOME = ("111111111111", "eu-west-1")
ACCOUNTS: Mapping[str, str | None] = {
    "111111111111": "acme-shop-prod",
    "222222222222": "acme-shop-dev",
    "333333333333": "acme-shop-prod",
    "444444444444": "acme-shop-prod-",
    "555555555555": None,
}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = timedelta(hours=30)
# Exactly on the edge of the window counts, a microsecond older does not; nor does the future surprise.
_AGES = (
    *[timedelta()] * 5,
    WINDOW,
    WINDOW + timedelta(microseconds=1),
    timedelta(hours=-1),
    timedelta(days=80),
)
# As AWS spells them; each standard numbers them in its own way, `1.10` is a number that none ties to a
# control.
_CONTROLS = ("CloudTrail.4", "EC2.2", "IAM.9", "S3.1")
_NUMBERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    FSBP: {control: (control,) for control in _CONTROLS},
    CIS: {"CloudTrail.4": ("3.2",), "IAM.9": ("1.5", "1.6"), "EC2.2": ("5.3",), "S3.1": ("3.2",)},
    OLD_CIS: {"CloudTrail.4": ("2.2",), "IAM.9": ("1.13",)},
}
_UNTIED = ("1.10", "Foo.7")


class Place(NamedTuple):
    """Where a finding speaks, and when."""

    account: str
    region: str
    age: timedelta


class Claim(NamedTuple):
    """What control a finding is of, in ASFF's fields and as it is to be read."""

    fields: Mapping[str, Any]
    control: str
    numbered: bool
    standards: tuple[str, ...]


class Record(NamedTuple):
    """One finding before it is written down."""

    product_arn: str
    product: str
    own: bool
    claim: Claim
    place: Place
    severity: str
    compliance: str | None
    workflow: str
    record_state: str


class Organization(NamedTuple):
    """A case: records, the target's spec, what the hub knows, what policies turned off."""

    records: tuple[Record, ...]
    spec: Mapping[str, Any]
    hub: Mapping[str, Any]
    turned_off: tuple[Mapping[str, str], ...]

    def raw(self) -> list[dict[str, Any]]:
        """Write the findings as AWS does."""
        return [_asff(number, record) for number, record in enumerate(self.records)]


def _asff(number: int, record: Record) -> dict[str, Any]:
    updated = NOW - record.place.age
    compliance = {"Status": record.compliance} if record.compliance else None
    claimed = dict(record.claim.fields)
    compliance_claim = claimed.pop("Compliance", {})
    if compliance or compliance_claim:
        claimed["Compliance"] = {**(compliance or {}), **compliance_claim}
    name = ACCOUNTS[record.place.account]
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:{record.place.region}:{record.place.account}:finding/{number}",
        "ProductArn": record.product_arn,
        "ProductName": record.product,
        "AwsAccountId": record.place.account,
        **({"AwsAccountName": name} if name else {}),
        "Region": record.place.region,
        "CreatedAt": "2026-01-01T00:00:00.000Z",
        "UpdatedAt": updated.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "Title": "A finding",
        "Description": "",
        "Severity": {"Label": record.severity},
        "Workflow": {"Status": record.workflow},
        "RecordState": record.record_state,
        "Resources": [{"Type": "AwsAccount", "Id": f"AWS::::Account:{record.place.account}"}],
        **claimed,
    }


def _consolidated() -> list[Claim]:
    """List consolidated findings' claims, the control in the field, in the generator alone, oddly cased."""
    claims = []
    for control, standards in product((*_CONTROLS, "New.1"), _SETS):
        associated = [{"StandardsId": f"{_kind(standard)}/{standard}"} for standard in standards]
        for spelled, in_field in ((control, True), (control.lower(), True), (control.lower(), False)):
            compliance: dict[str, Any] = {"AssociatedStandards": associated}
            if in_field:
                compliance["SecurityControlId"] = spelled
            fields = {"GeneratorId": f"security-control/{spelled}", "Compliance": compliance}
            claims.append(Claim(fields, control.upper(), numbered=False, standards=standards))
    return claims


def _classic() -> list[Claim]:
    """List classic findings' claims: by generator, by product fields, and naming their security control."""
    claims = []
    for standard, numbers in _NUMBERS.items():
        for control, number in [(c, n) for c, each in numbers.items() for n in each] + [
            ("", n) for n in _UNTIED
        ]:
            arn = f"arn:aws:securityhub:::{_kind(standard)}/{standard}"
            by_generator = {
                "GeneratorId": f"{arn}/rule/{number}" if standard == OLD_CIS else f"{standard}/{number}"
            }
            keys = ("StandardsGuideArn", "RuleId") if standard == OLD_CIS else ("StandardsArn", "ControlId")
            by_fields = {"GeneratorId": "unheard-of", "ProductFields": {keys[0]: arn, keys[1]: number}}
            claims += [
                Claim(fields, number.upper(), numbered=True, standards=(standard,))
                for fields in (by_generator, by_fields)
            ]
            if control:
                named = {
                    "SecurityControlId": control,
                    "AssociatedStandards": [{"StandardsId": arn.split(":::")[1]}],
                }
                fields = {**by_generator, "Compliance": named}
                claims.append(Claim(fields, control.upper(), numbered=False, standards=(standard,)))
    return claims


def _kind(standard: str) -> str:
    return "ruleset" if standard == OLD_CIS else "standards"


_SETS = tuple(chosen for n in (1, 2, 3) for chosen in combinations(sorted(STANDARDS), n))
_CLAIMS = st.sampled_from(_consolidated()) | st.sampled_from(_classic())
_PLACES = st.sampled_from([Place(*each) for each in product(sorted(ACCOUNTS), REGIONS, _AGES)])
# Repeated is what is to come up more often.
_STATES = st.sampled_from(
    list(
        product(
            ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"),
            (*["PASSED"] * 5, "FAILED", "FAILED", "WARNING", "NOT_AVAILABLE", None),
            ("NEW", "NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"),
            (*["ACTIVE"] * 7, "ARCHIVED"),
        )
    )
)
# The product's own findings have both names (API reference, StringFilter); anyone can take either.
_OWN_NAMES = ("Security Hub", "Security Hub CSPM")
_PRODUCTS = st.sampled_from(
    [
        *[(name, ":product/aws/securityhub") for name in _OWN_NAMES for _ in range(4)],
        *[(name, "{0}:product/{0}/default") for name in ("Default", *_OWN_NAMES)],
        ("GuardDuty", ":product/aws/guardduty"),
    ]
)


@st.composite
def _record(draw: st.DrawFn) -> Record:
    place, claim, (name, arn) = draw(_PLACES), draw(_CLAIMS), draw(_PRODUCTS)
    product_arn = f"arn:aws:securityhub:{place.region}:{arn.format(place.account)}"
    return Record(product_arn, name, arn.endswith("/securityhub"), claim, place, *draw(_STATES))


@st.composite
def _standard(draw: st.DrawFn, name: str) -> dict[str, Any]:
    controls = draw(st.sets(st.sampled_from(sorted(_NUMBERS[name]))))
    off = draw(st.sets(st.sampled_from(sorted(_NUMBERS[name])), max_size=2))
    return {
        "complete": draw(st.sampled_from((True, True, True, False))),
        "controls": [
            {"id": control, "enabled": control not in off, "numbers": list(_NUMBERS[name][control])}
            for control in sorted(controls)
        ],
    }


@st.composite
def _spec(draw: st.DrawFn, enabled: tuple[str, ...]) -> dict[str, Any]:
    chosen = draw(st.one_of(st.just(["*"]), st.lists(st.sampled_from(STANDARDS), min_size=1, unique=True)))
    accounts = draw(
        st.sampled_from(
            ({}, {"exclude": ["2222*"]}, {"include": ["1*", "?33333333333", "5*"], "exclude": ["11*"]})
        )
    )
    grouping = draw(
        st.sampled_from(
            (
                {},
                {"accountNamePattern": "acme-(?P<workload>.+)-(?P<environment>[^-]+)"},
                {
                    "accountNamePattern": "acme-(?P<workload>.+)-(?P<environment>[^-]+)",
                    "defaultEnvironment": "live",
                    "overrides": [{"accountId": "222222222222", "workload": "shop", "environment": "prod"}],
                },
            )
        )
    )
    return {
        "source": {"securityStandards": {"standards": chosen if enabled else list(STANDARDS[:1])}},
        "products": draw(
            st.sampled_from(
                (
                    ["Security Hub"],
                    ["Security Hub", "GuardDuty", "default"],
                    ["Security Hub CSPM", "GuardDuty"],
                )
            )
        ),
        "accounts": accounts,
        "scoring": {"evaluationWindow": "30h"},
        "grouping": grouping,
    }


@st.composite
def _turned_off(draw: st.DrawFn) -> dict[str, str]:
    return {
        "standard": draw(st.sampled_from(STANDARDS)),
        "control": draw(st.sampled_from(_CONTROLS)),
        "account": draw(st.sampled_from(sorted(ACCOUNTS)[:3])),
        "region": draw(st.sampled_from(REGIONS)),
        "status": draw(st.sampled_from(("PASSED", "FAILED", "UNKNOWN", "NO_DATA"))),
    }


@st.composite
def organizations(draw: st.DrawFn) -> Organization:
    """Make up an organization of five accounts, two Regions and three standards."""
    enabled = tuple(sorted(draw(st.sets(st.sampled_from(STANDARDS), min_size=1))))
    hub = {
        "account": HOME[0],
        "region": HOME[1],
        "members": {
            account: ACCOUNTS[account] for account in draw(st.sets(st.sampled_from(sorted(ACCOUNTS))))
        },
        "granted": draw(st.sampled_from((["*"], ["1*", "3*", "5*"]))),
        "standards": {name: draw(_standard(name)) for name in enabled},
    }
    turned_off = draw(
        st.lists(
            _turned_off(),
            max_size=3,
            unique_by=lambda off: tuple(off[k] for k in sorted(off) if k != "status"),
        )
    )
    return Organization(
        tuple(draw(st.lists(_record(), min_size=draw(st.integers(0, 16)), max_size=24))),
        draw(_spec(enabled)),
        hub,
        tuple(turned_off),
    )


_TAGS = ("shop", "pay", "")
_ENVIRONMENTS = ("prod", "dev", "")


@st.composite
def tagged_organizations(draw: st.DrawFn) -> Organization:
    """Make up an organization of which accounts, states and tags are known, or some of them."""
    made = draw(organizations())
    keys = {"workloadKey": "Workload", "environmentKey": "Environment", "ownerKey": "Owner"}
    asked = {key: keys[key] for key in sorted(draw(st.sets(st.sampled_from(sorted(keys)))))}
    values = st.fixed_dictionaries(
        {},
        optional={
            "Workload": st.sampled_from(_TAGS),
            "Environment": st.sampled_from(_ENVIRONMENTS),
            "Owner": st.sampled_from(("alice", "bob", "")),
            # Keys are compared case by case.
            "workload": st.just("other"),
        },
    )
    names = st.sampled_from(("acme-shop-prod", "acme-pay-dev", "acme", ""))
    states = st.sampled_from(("ACTIVE", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "NEW", None))
    account = st.fixed_dictionaries({"name": names, "state": states})
    known = draw(st.sampled_from((sorted(ACCOUNTS), sorted(ACCOUNTS), sorted(ACCOUNTS)[:4])))
    return made._replace(
        spec={**made.spec, "grouping": {**made.spec["grouping"], "organizationTags": asked}},
        hub={
            **made.hub,
            "organization": {
                "accounts": draw(st.dictionaries(st.sampled_from(sorted(ACCOUNTS)), account)),
                "tags": {each: draw(values) for each in known},
            },
        },
    )
