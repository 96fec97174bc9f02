from posture.domain.standards import ControlAssociation, Standard
from posture.sources.securityhub.facts import kept_facts
from tests.support.hub_facts import facts

OFF = Standard("a/v/1", "arn:a", {"S3.1": ControlAssociation("S3.1", enabled=False)})
GUESSED = Standard("a/v/1", "arn:a", {"S3.1": ControlAssociation("S3.1", enabled=True)}, complete=False)
OTHER = Standard("b/v/1", "arn:b", {}, complete=False)


def test_a_right_that_is_withdrawn_turns_no_control_on() -> None:
    found = kept_facts(facts(OFF), facts(GUESSED, missing=("denied",)))
    assert found.standards == (OFF,)
    assert found.missing == ("denied",)


def test_standards_that_may_no_longer_be_listed_are_those_of_before() -> None:
    found = kept_facts(facts(OFF), facts(standards_known=False))
    assert found.standards == (OFF,)
    assert found.standards_known


def test_the_status_of_a_standard_is_the_one_that_was_found() -> None:
    assert kept_facts(facts(OFF), facts(GUESSED._replace(status="PENDING"))).standards == (
        OFF._replace(status="PENDING"),
    )


def test_what_is_seen_wins_over_what_was_seen() -> None:
    now_on = OFF._replace(controls={"S3.1": ControlAssociation("S3.1", enabled=True)})
    assert kept_facts(facts(OFF), facts(now_on)).standards == (now_on,)
    assert kept_facts(facts(OFF), facts()).standards == (), "a standard that was disabled is none any more"
    assert kept_facts(facts(OFF), facts(GUESSED, OTHER)).standards == (OFF, OTHER)
    assert kept_facts(facts(OTHER), facts(OTHER)).standards == (OTHER,)
