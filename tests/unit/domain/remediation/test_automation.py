"""Documents of SSM Automation: parameters are texts and nothing else, runs are the same after a crash."""

import re
import uuid
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from posture.api.action import ParameterTemplate, SsmAutomation, UndoParameterTemplate
from posture.domain.remediation.automation import (
    MAX_VALUE,
    NAMES,
    UNDO_NAMES,
    DescribedDocument,
    DocumentParameter,
    DocumentSaid,
    NotFilled,
    RunPhase,
    RunProgress,
    RunSubject,
    facts_of,
    fill,
    fixed_values,
    name_in_calls,
    names_in,
    run_of,
    token_of,
    why_not_run,
    write_of,
)
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey
from tests.support.examples import examples

A, REGION = "111122223333", "eu-west-1"
UID = "6f1c1b1e-3f0e-4a55-9a55-0f0e4a559a55"
GROUP = ResourceKey(
    A, "aws", REGION, "AwsEc2SecurityGroup", f"arn:aws:ec2:{REGION}:{A}:security-group/sg-0123"
)
SUBJECT = RunSubject(GROUP, f"arn:aws:securityhub:{REGION}:{A}:subscription/f", "EC2.13")
DOCUMENT = DocumentSaid("AWS-Close", "2", (("GroupId", ("{{ resource.name }}",)),))
DESCRIBED = DescribedDocument(
    "AWS-Close",
    "Amazon",
    "2",
    "Automation",
    active=True,
    parameters=(
        DocumentParameter("GroupId", is_list=False, required=True),
        DocumentParameter("Notes", is_list=True, required=False),
    ),
)


def one(value: str) -> DocumentSaid:
    return DocumentSaid("D", "1", (("P", (value,)),))


def filled(value: str, facts: dict[str, str] | None = None) -> str:
    ((_, (found,)),) = fill(one(value), facts_of(SUBJECT) if facts is None else facts)
    return found


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ resource.name }}", "sg-0123"),
        ("{{resource.name}}", "sg-0123"),
        ("{{   resource.accountId }}/{{ resource.region }}", f"{A}/{REGION}"),
        ("{{ resource.partition }}:{{ resource.type }}", "aws:AwsEc2SecurityGroup"),
        ("{{ finding.control }}", "EC2.13"),
        ("{{ finding.id }}", SUBJECT.finding_id),
        ("{{ resource.id }}", GROUP.id),
        ("plain", "plain"),
        ('{"a": {"b": "{{ resource.name }}"}}', '{"a": {"b": "sg-0123"}}'),
        ("{", "{"),
        ("}}", "}}"),
    ],
)
def test_names_stand_for_facts(template: str, value: str) -> None:
    assert filled(template) == value


def test_every_name_has_a_fact_and_an_execution_is_known_to_an_undo_alone() -> None:
    assert set(facts_of(SUBJECT)) == set(NAMES)
    assert set(facts_of(SUBJECT._replace(execution_id="e"))) == set(UNDO_NAMES)
    with pytest.raises(NotFilled, match=r"parameter P: there is no execution\.id"):
        filled("{{ execution.id }}")
    with pytest.raises(NotFilled, match=r"there is no finding\.control"):
        fill(one("{{ finding.control }}"), facts_of(SUBJECT._replace(control="")))


@pytest.mark.parametrize(
    "fact", ["{{ finding.id }}", "{{ssm:secret}}", "{{global:ACCOUNT_ID}}", "x{{", "{{ resource.name }}"]
)
def test_what_a_fact_says_is_not_read_again_here_or_by_automation(fact: str) -> None:
    with pytest.raises(NotFilled, match="braces that Automation would read"):
        filled("{{ resource.name }}", {"resource.name": fact, "finding.id": "SECRET"})


def test_braces_do_not_come_together_from_two_sides() -> None:
    with pytest.raises(NotFilled, match="braces"):
        filled("{{ resource.name }}{{ finding.id }}", {"resource.name": "a{", "finding.id": "{ssm:x}}"})


@pytest.mark.parametrize("length", [0, 1, MAX_VALUE, MAX_VALUE + 1])
def test_a_value_is_as_long_as_aws_takes(length: int) -> None:
    facts = {"resource.name": "a" * length}
    if 0 < length <= MAX_VALUE:
        assert filled("{{ resource.name }}", facts) == "a" * length
    else:
        with pytest.raises(NotFilled, match=f"{length} characters"):
            filled("{{ resource.name }}", facts)


_FACTS = st.dictionaries(
    st.sampled_from(UNDO_NAMES), st.text("ab{} .:", min_size=1, max_size=6), min_size=len(UNDO_NAMES)
)
_PIECES = st.sampled_from(
    ["a", "{", "}", "{{", "}}", " ", "$", "resource.id", *(f"{{{{ {name} }}}}" for name in UNDO_NAMES)]
)


def slowly(template: str, facts: dict[str, str]) -> str:
    """Replace by looking at one character after the other, without an expression."""
    found = ""
    while template:
        inside = template[2:].split("}}", 1)[0] if template.startswith("{{") else ""
        if inside.strip(" ") in UNDO_NAMES and "}}" in template:
            found += facts[inside.strip(" ")]
            template = template[2 + len(inside) + 2 :]
        else:
            found += template[0]
            template = template[1:]
    return found


@examples(400)
@given(st.lists(_PIECES, min_size=1, max_size=8).map("".join), _FACTS)
def test_filling_is_what_a_slow_reader_does(template: str, facts: dict[str, str]) -> None:
    expected = slowly(template, facts)
    if "{{" in expected:
        with pytest.raises(NotFilled):
            filled(template, facts)
    else:
        assert filled(template, facts) == expected


@examples(400)
@given(st.lists(_PIECES, min_size=1, max_size=8).map("".join))
def test_what_the_api_takes_has_known_names_only_and_can_be_filled(template: str) -> None:
    try:
        TypeAdapter(UndoParameterTemplate).validate_python(template)
    except ValidationError:
        without = re.sub(r"\{\{ *[a-zA-Z.]+ *\}\}", "", template)
        assert "{{" in without or "{{{" in template
        return
    assert names_in(one(template)) <= set(UNDO_NAMES)
    assert "{{" not in filled(template, dict.fromkeys(UNDO_NAMES, "x"))
    if "execution.id }}" in template:
        with pytest.raises(ValidationError):
            TypeAdapter(ParameterTemplate).validate_python(template)


@pytest.mark.parametrize(
    ("of_type", "resource_id", "name"),
    [
        ("AwsEc2SecurityGroup", GROUP.id, "sg-0123"),
        ("AwsS3Bucket", "arn:aws:s3:::logs.example", "logs.example"),
        ("AwsIamUser", f"arn:aws:iam::{A}:user/team/jane", "jane"),
        ("AwsIamUser", f"arn:aws:iam::{A}:user/jane", "jane"),
        ("AwsRdsDbInstance", f"arn:aws:rds:{REGION}:{A}:db:shop", "shop"),
        ("AwsSqsQueue", f"arn:aws:sqs:{REGION}:{A}:orders", "orders"),
        ("AwsLambdaFunction", f"arn:aws:lambda:{REGION}:{A}:function:f", "f"),
        ("AwsEcrRepository", f"arn:aws:ecr:{REGION}:{A}:repository/team/app", "team/app"),
        ("AwsLogsLogGroup", f"arn:aws:logs:{REGION}:{A}:log-group:/aws/lambda/f:*", "/aws/lambda/f"),
        ("AwsKmsKey", f"arn:aws:kms:{REGION}:{A}:key/0000-1111", "0000-1111"),
        (ACCOUNT, f"AWS::::Account:{A}", A),
        ("AwsOther", "no-arn", "no-arn"),
    ],
)
def test_a_resource_is_named_as_calls_name_it(of_type: str, resource_id: str, name: str) -> None:
    assert name_in_calls(ResourceKey(A, "aws", REGION, of_type, resource_id)) == name


def test_a_run_is_the_same_whenever_it_is_sent_and_another_for_an_undo_or_entry() -> None:
    run = run_of(DOCUMENT, SUBJECT, UID)
    assert run == run_of(DOCUMENT, SUBJECT, UID)
    assert run.parameters == (("GroupId", ("sg-0123",)),)
    tokens = {
        run.token,
        run_of(DOCUMENT, SUBJECT._replace(execution_id="e"), UID).token,
        run_of(DOCUMENT, SUBJECT, str(uuid.uuid4())).token,
        token_of(UID, undo=False),
        UID,
    }
    assert len(tokens) == 4
    model = botocore.session.get_session().get_service_model("ssm")
    shape: Any = model.operation_model("StartAutomationExecution").input_shape
    assert re.fullmatch(shape.members["ClientToken"].metadata["pattern"], run.token)
    with pytest.raises(ValueError, match="badly formed"):
        run_of(DOCUMENT, SUBJECT, "no-uid")


def test_every_status_of_aws_is_an_end_or_none() -> None:
    """Ends: user guide, "Automation execution statuses", and what is final by its name."""
    model = botocore.session.get_session().get_service_model("ssm")
    statuses = set(model.shape_for("AutomationExecutionStatus").enum)
    phases = {status: RunProgress(status, "D", "1").phase for status in statuses}
    assert {status for status, phase in phases.items() if phase is RunPhase.SUCCEEDED} == {
        "Success",
        "CompletedWithSuccess",
    }
    assert {status for status, phase in phases.items() if phase is RunPhase.FAILED} == {
        "Failed",
        "CompletedWithFailure",
        "TimedOut",
        "Rejected",
        "Exited",
        "ChangeCalendarOverrideRejected",
    }
    assert {status for status, phase in phases.items() if phase is RunPhase.STOPPED} == {"Cancelled"}
    assert RunProgress("SomethingNew", "D", "1").phase is RunPhase.GOING


def test_progress_is_told_in_aws_s_words() -> None:
    assert RunProgress("InProgress", "D", "1").says == "D version 1 is InProgress"
    failed = RunProgress("Failed", "D", "1", "no such group", "Revoke")
    assert failed.says == "D version 1 is Failed at step Revoke: no such group"


def test_a_document_that_takes_what_is_given_can_be_run() -> None:
    assert why_not_run(DOCUMENT, DESCRIBED) is None
    notes = (("GroupId", ("a",)), ("Notes", ("a", "b")))
    assert why_not_run(DOCUMENT._replace(parameters=notes), DESCRIBED) is None


@pytest.mark.parametrize(
    ("parameters", "described", "says"),
    [
        (None, DESCRIBED._replace(kind="Command"), "is of type Command"),
        (None, DESCRIBED._replace(version="3"), "was described as version 3"),
        (None, DESCRIBED._replace(active=False), "is not active"),
        (
            (("GroupId", ("a",)), ("Other", ("a",))),
            DESCRIBED,
            "has no parameter Other; it has GroupId, Notes",
        ),
        (None, DESCRIBED._replace(parameters=()), "has no parameter GroupId; it has none"),
        ((), DESCRIBED, "needs parameter GroupId"),
        ((("GroupId", ("a", "b")),), DESCRIBED, "takes one value of parameter GroupId"),
    ],
)
def test_a_document_that_does_not_fit_is_told_why(
    parameters: tuple[tuple[str, tuple[str, ...]], ...] | None, described: DescribedDocument, says: str
) -> None:
    said = DOCUMENT if parameters is None else DOCUMENT._replace(parameters=parameters)
    outcome = why_not_run(said, described)
    assert outcome is not None
    assert outcome.reason is Reason.NOT_SUPPORTED
    assert says in outcome.message


def test_fixed_values_are_those_without_names() -> None:
    document = DocumentSaid(
        "D", "1", (("A", ("x", "{{ resource.id }}", "{y}")), ("B", ("{{ finding.id }}",)))
    )
    assert fixed_values(document) == {"A": ("x", "{y}"), "B": ()}


def test_a_write_says_all_that_is_approved() -> None:
    said = write_of(DOCUMENT, fill(DOCUMENT, facts_of(SUBJECT)), GROUP)
    assert said == f"runs AWS-Close version 2 with GroupId=sg-0123 in account {A} and {REGION}"
    bare = DocumentSaid("D", "1")
    assert write_of(bare, (), GROUP) == f"runs D version 1 in account {A} and {REGION}"


def test_a_long_write_is_told_apart_from_another_one_and_fits_the_journal() -> None:
    names = DocumentSaid("D" * 128, "1")
    said = [write_of(names, (("P", ("a" * 512,)), ("Q", ("b" * 511 + last,))), GROUP) for last in "bc"]
    assert len({*said}) == 2
    assert all(len(each) <= 1000 for each in said)


def test_the_api_s_object_is_read_whole() -> None:
    said = SsmAutomation.model_validate(
        {
            "document": "AWS-Close",
            "documentVersion": "2",
            "parameters": {"Z": ["1"], "GroupId": ["{{ resource.name }}"]},
            "timeout": "90s",
            "undoDocument": {"document": "Open", "documentVersion": "7"},
        }
    ).plain()
    assert said.document == DocumentSaid(
        "AWS-Close", "2", (("GroupId", ("{{ resource.name }}",)), ("Z", ("1",)))
    )
    assert said.timeout == 90_000_000
    assert said.undo == DocumentSaid("Open", "7")
