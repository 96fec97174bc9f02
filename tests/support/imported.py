"""Rules of other tools and findings for them, what such a rule selects, and what its policies do."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from posture.api.resource import parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.aws.securityhub.wire import decode_page
from posture.cli.importing.policies import ImportTerms, policies_of
from posture.cli.importing.rules import ImportedRule
from posture.domain.selection.matcher import Matcher
from posture.domain.selection.selectors import Selection
from posture.domain.standards import Controls

TERMS = ImportTerms(
    "organization",
    "security",
    "me@example.com",
    "2027-03-31T00:00:00Z",
    "Accepted by all of us, until spring",
)
ACCOUNTS = ("111122223333", "012345678901")
REGIONS = ("eu-west-1", "eu-west-3", "us-east-1")
_STANDARD = {"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"}
_WHEN = "2026-11-29T22:00:00Z"


def asff(number: int, product: str, *, control: str = "", **fields: Any) -> dict[str, Any]:
    """Make a finding as GetFindings gives it, with all that awsfindingsmanagerlib asks for."""
    region = fields.setdefault("Region", "eu-west-1")
    company = "prowler" if product == "Prowler" else "aws"
    arn = f"arn:aws:securityhub:{region}::product/{company}/{product.lower().replace(' ', '')}"
    compliance: dict[str, Any] = {"Status": "FAILED"}
    if control:
        compliance |= {"SecurityControlId": control, "AssociatedStandards": [_STANDARD]}
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding/{number}",
        "ProductArn": arn,
        "ProductName": product,
        "CompanyName": company,
        "GeneratorId": f"security-control/{control}" if control else "other",
        "AwsAccountId": ACCOUNTS[0],
        "Types": [],
        "CreatedAt": _WHEN,
        "UpdatedAt": _WHEN,
        "Severity": {"Label": "LOW"},
        "Title": "Plain",
        "Description": "",
        "ProductFields": {},
        "FindingProviderFields": {},
        "Compliance": compliance,
        "Workflow": {"Status": "NEW"},
        "WorkflowState": "NEW",
        "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::logs"}],
        **fields,
    }


def selected_by_policies(
    documents: Iterable[Mapping[str, Any]], raw: Sequence[Mapping[str, Any]]
) -> set[str]:
    """Return the Ids of the findings that policies select, by the operator's own matcher."""
    selections: dict[str, Selection] = {}
    for document in documents:
        metadata = {"namespace": "any", **document["metadata"]}
        declared = parse(SuppressionPolicy, {**document, "metadata": metadata}).spec.suppress_findings
        assert declared is not None
        name = metadata["name"]
        assert name not in selections
        selections[name] = Selection(
            tuple(each.plain() for each in declared.match),
            tuple(each.plain() for each in declared.exceptions),
        )
    matcher = Matcher(selections, Controls({}), {})
    page = decode_page(json.dumps({"Findings": list(raw)}).encode())
    assert len(page.findings) == len(raw)
    return {each.id for each in page.findings if matcher(each)}


def selected_by_import(rule: ImportedRule, raw: Sequence[Mapping[str, Any]]) -> set[str]:
    return selected_by_policies([each.document for each in policies_of(rule, TERMS)], raw)


_KEYS, _TAG_VALUES = st.sampled_from(("env", "team")), st.sampled_from(("prod", "dev", ""))
_IDS = st.sampled_from(
    (
        "arn:aws:s3:::logs-eu-1",
        "arn:aws:s3:::logs",
        "arn:aws:s3:::my-logs-archive",
        "i-0abc",
        "i-0abc1",
        "a.b",
        "axb",
    )
)
EXPRESSIONS = st.one_of(
    st.sampled_from(
        (
            "logs",
            "^arn:aws:s3:::logs$",
            "logs-(eu|us)-.*",
            "i-0[a-c]+1?$",
            r"a\.b",
            "eu-*",
            ".*",
            "",
            "x",
            r"-\d",
            "^i-",
        )
    ),
    st.text("alogs.*+?|()[]^$-1", max_size=6),
)
_TITLES = ("Plain", "Plain and simple", "Is it?", "Is its")


@st.composite
def fml_findings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Findings of Security Hub, which name one resource, and of other products, which name several."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        control = draw(st.sampled_from(("", "S3.1", "EC2.8", "CloudTrail.4")))
        product = "Security Hub" if control else draw(st.sampled_from(("GuardDuty", "Inspector")))
        resources = draw(
            st.lists(
                st.fixed_dictionaries(
                    {"Type": st.just("Other"), "Id": _IDS},
                    optional={"Tags": st.dictionaries(_KEYS, _TAG_VALUES)},
                ),
                min_size=1,
                max_size=1 if control else 3,
            )
        )
        fields = {"Region": draw(st.sampled_from(REGIONS)), "Title": draw(st.sampled_from(_TITLES))}
        made.append(asff(number, product, control=control, Resources=resources, **fields))
    return made


def fml_rules() -> st.SearchStrategy[dict[str, Any]]:
    """Rules of awsfindingsmanagerlib that it takes."""
    tags = st.fixed_dictionaries({"key": _KEYS, "value": _TAG_VALUES})
    match_on = st.fixed_dictionaries(
        {},
        optional={
            "security_control_id": st.sampled_from(("S3.1", "EC2.8", "CloudTrail.4", "")),
            "title": st.sampled_from((*_TITLES, "")),
            "product_name": st.sampled_from(("Security Hub", "GuardDuty", "Inspector")),
            "regions": st.lists(st.sampled_from(REGIONS), max_size=3),
            "resource_id_regexps": st.lists(EXPRESSIONS, max_size=3),
            "tags": st.lists(tags, max_size=3),
        },
    )
    notes = st.sampled_from(("We have looked at this and take it", "This is accepted until spring"))
    return st.fixed_dictionaries({"note": notes, "action": st.just("SUPPRESSED"), "match_on": match_on})


def selected_by_fml(rule: Mapping[str, Any], raw: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the Ids of what a rule selects, as awsfindingsmanagerlib documents it, one field at a time."""
    asked = rule["match_on"]

    def fits(finding: Mapping[str, Any]) -> bool:
        ids = [resource["Id"] for resource in finding["Resources"]]
        tags = {pair for resource in finding["Resources"] for pair in resource.get("Tags", {}).items()}
        said = {
            "security_control_id": finding["Compliance"].get("SecurityControlId", ""),
            "title": finding["Title"],
            "product_name": finding["ProductName"],
        }
        return (
            all(not asked.get(name) or asked[name] == value for name, value in said.items())
            and (not asked.get("regions") or finding["Region"] in asked["regions"])
            and (not asked.get("tags") or any((tag["key"], tag["value"]) in tags for tag in asked["tags"]))
            and (
                not asked.get("resource_id_regexps")
                or any(re.search(each, one) for each in asked["resource_id_regexps"] for one in ids)
            )
        )

    return {finding["Id"] for finding in raw if fits(finding)}


CHECKS = {
    "s3_bucket_public": "Buckets are not public",
    "s3_bucket_public_access": "Public access is blocked",
    "ec2_instance_public": "Instances have no public address",
    "awslambda_function_url": "Functions have no open URL",
}
_NAMES = ("logs", "ci-logs", "test-1", "admin", "")
_PROWLER_TAGS: tuple[dict[str, str], ...] = ({}, {"env": "dev"}, {"env": "prod", "team": "a"})


@st.composite
def prowler_findings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Findings of Prowler: as Security Hub has them, with what else Prowler knew (`Name`, `Check`) beside."""
    made = []
    for number in range(draw(st.integers(1, 8))):
        check, name = draw(st.sampled_from(sorted(CHECKS))), draw(st.sampled_from(_NAMES))
        tags = draw(st.sampled_from(_PROWLER_TAGS))
        # Of two resources of one ARN nobody could tell which is muted; rarely, that they are refused too.
        about = draw(st.sampled_from((f"{name}{len(tags)}",) * 9 + ("same",)))
        made.append(
            {
                "Check": check,
                "Name": name,
                "Finding": asff(
                    number,
                    "Prowler",
                    AwsAccountId=draw(st.sampled_from(ACCOUNTS)),
                    Region=draw(st.sampled_from(REGIONS)),
                    Title=CHECKS[check],
                    Resources=[{"Type": "Other", "Id": f"arn:aws:any:::{about}", "Tags": tags}],
                ),
            }
        )
    return made


def prowler_tags(finding: Mapping[str, Any]) -> str:
    """Write the tags of a finding as Prowler searches them and prints them."""
    return " | ".join(f"{key}={value}" for key, value in finding["Resources"][0]["Tags"].items())


def prowler_csv(findings: Iterable[Mapping[str, Any]]) -> bytes:
    """Write findings as Prowler's own CSV has them, as far as it is read."""
    lines = ["CHECK_ID;CHECK_TITLE;SEVERITY;RESOURCE_UID;RESOURCE_NAME;RESOURCE_TAGS"]
    for each in findings:
        found = each["Finding"]
        cells = (
            each["Check"],
            found["Title"],
            "low",
            found["Resources"][0]["Id"],
            each["Name"],
            prowler_tags(found),
        )
        lines.append(";".join(cells))
    return "\n".join(lines).encode()


_PATTERNS = (
    "*", "logs", "^ci-", "-logs$", "test", ".*", "(", "admin|x", "[a-c]i", "", "lo*s", "^t*$", "(a|c)*-",
)  # fmt: skip
_REGION_PATTERNS = ("*", ".*", "eu-west-1", "eu-*", "us", "^eu-west-.$", "north")
_TAG_PATTERNS = ("env=dev", "env=dev|team=a", "*", "team", "(")
_ACCOUNT_PATTERNS = (*ACCOUNTS, "*", ".*", "1*3$", "^0", "3333$", "x", "1111222233334")


def mutelists() -> st.SearchStrategy[dict[str, Any]]:
    """Mutelists that Prowler takes."""

    def some(of: Sequence[str], least: int = 0) -> st.SearchStrategy[list[str]]:
        return st.lists(st.sampled_from(of), min_size=least, max_size=2)

    exceptions = st.fixed_dictionaries(
        {},
        optional={
            "Accounts": some(_ACCOUNT_PATTERNS),
            "Regions": some(_REGION_PATTERNS),
            "Resources": some(_PATTERNS),
            "Tags": some(_TAG_PATTERNS),
        },
    )
    entry = st.fixed_dictionaries(
        {"Regions": some(_REGION_PATTERNS, 1), "Resources": some(_PATTERNS, 1)},
        optional={"Tags": some(_TAG_PATTERNS), "Exceptions": exceptions},
    )
    checks = st.sampled_from(
        ("*", ".*", "s3_*", "s3_bucket_public", "ec2_instance_public$", "lambda_function_url", "none")
    )
    accounts = st.dictionaries(
        st.sampled_from(("*", *ACCOUNTS)),
        st.fixed_dictionaries({"Checks": st.dictionaries(checks, entry, min_size=1, max_size=3)}),
        min_size=1,
        max_size=2,
    )
    return st.fixed_dictionaries({"Mutelist": st.fixed_dictionaries({"Accounts": accounts})})


def muted_by_prowler(
    account: str, entries: Sequence[tuple[str, Mapping[str, Any]]], known: Mapping[str, Any]
) -> str:
    """Return the name of the last of an account's entries that mutes a finding; empty: none does.

    By what Prowler documents and does: one entry after the other, until one excepts the finding.
    """
    finding = known["Finding"]
    if account not in {"*", finding["AwsAccountId"]}:
        return ""
    tags = prowler_tags(finding)
    muting = ""
    for name, entry in entries:
        pattern = f"awslambda{name[6:]}" if name.startswith("lambda") else name
        if not _found([pattern], known["Check"]):
            continue
        excepted = {key: value for key, value in entry.get("Exceptions", {}).items() if value}
        fits = {
            "Accounts": lambda of: _found(of, finding["AwsAccountId"]),
            "Regions": lambda of: _found(of, finding["Region"]),
            "Resources": lambda of: _found(of, known["Name"]),
            "Tags": lambda of: _all_found(of, tags),
        }
        if excepted and all(fits[key](value) for key, value in excepted.items()):
            break
        if (
            fits["Regions"](entry["Regions"])
            and fits["Resources"](entry["Resources"])
            and fits["Tags"](entry.get("Tags") or ["*"])
        ):
            muting = name
    return muting


def _found(patterns: Sequence[str], text: str) -> bool:
    try:
        return any(re.search(_spelled(pattern), text) for pattern in patterns)
    except re.error:
        return False


def _all_found(patterns: Sequence[str], text: str) -> bool:
    try:
        return all(re.search(_spelled(pattern), text) for pattern in patterns)
    except re.error:
        return False


def _spelled(pattern: str) -> str:
    return ".*".join(pattern.split("*"))
