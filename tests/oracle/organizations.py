"""Small organizations that hypothesis makes up: findings before they are written as raw ASFF or as cells.

Every value that can matter is drawn from a handful, so that rules meet often: the same control in both
formats, in several standards, in accounts that share a workload, suppressed, stale, forged, off.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
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
WINDOW = timedelta(hours=26)
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


def _cased(control: str) -> st.SearchStrategy[str]:
    return st.sampled_from((control, control.lower(), control.upper()))


@st.composite
def _consolidated(draw: st.DrawFn) -> Claim:
    control = draw(st.sampled_from((*_CONTROLS, "New.1")))
    standards = tuple(sorted(draw(st.sets(st.sampled_from(STANDARDS), min_size=1))))
    kinds = {standard: "ruleset" if standard == OLD_CIS else "standards" for standard in standards}
    associated = [{"StandardsId": f"{kinds[standard]}/{standard}"} for standard in standards]
    compliance: dict[str, Any] = {"AssociatedStandards": associated}
    if draw(st.booleans()):
        compliance["SecurityControlId"] = draw(_cased(control))
    generator = f"security-control/{draw(_cased(control))}"
    return Claim(
        {"GeneratorId": generator, "Compliance": compliance},
        control.upper(),
        numbered=False,
        standards=standards,
    )


@st.composite
def _classic(draw: st.DrawFn) -> Claim:
    standard = draw(st.sampled_from(STANDARDS))
    tied = tuple(number for numbers in _NUMBERS[standard].values() for number in numbers)
    number = draw(st.sampled_from((*tied, *_UNTIED)))
    generator = f"{standard}/{number}"
    if standard == OLD_CIS:
        generator = f"arn:aws:securityhub:::ruleset/{standard}/rule/{number}"
    return Claim({"GeneratorId": generator}, number.upper(), numbered=True, standards=(standard,))


def _arn(region: str, rest: str) -> str:
    return f"arn:aws:securityhub:{region}:{rest}"


@st.composite
def _record(draw: st.DrawFn) -> Record:
    place = Place(
        draw(st.sampled_from(sorted(ACCOUNTS))), draw(st.sampled_from(REGIONS)), draw(st.sampled_from(_AGES))
    )
    claim = draw(st.one_of(_consolidated(), _classic()))
    foreign = draw(st.sampled_from((*[None] * 6, "GuardDuty", "Default", "Security Hub")))
    if foreign is None:
        product_arn, product = _arn(place.region, ":product/aws/securityhub"), "Security Hub"
    elif foreign == "GuardDuty":
        product_arn, product = _arn(place.region, ":product/aws/guardduty"), foreign
    else:
        product_arn, product = _arn(place.region, f"{place.account}:product/{place.account}/default"), foreign
    compliances = ("PASSED", "PASSED", "PASSED", "FAILED", "WARNING", "NOT_AVAILABLE")
    return Record(
        product_arn,
        product,
        foreign is None,
        claim,
        place,
        draw(st.sampled_from(("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"))),
        draw(st.sampled_from(compliances if foreign is None else (*compliances, None))),
        draw(st.sampled_from(("NEW", "NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"))),
        draw(st.sampled_from((*["ACTIVE"] * 7, "ARCHIVED"))),
    )


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
        "products": draw(st.sampled_from((["Security Hub"], ["Security Hub", "GuardDuty", "default"]))),
        "accounts": accounts,
        "scoring": {"evaluationWindow": "26h"},
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
