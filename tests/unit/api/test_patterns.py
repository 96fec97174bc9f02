import pytest

from posture.api.patterns import compile_pattern


def test_finds_the_groups_of_an_account_name() -> None:
    pattern = compile_pattern("^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$")
    match = pattern.fullmatch("xebia-shared-data-prod")
    assert match is not None
    assert match.groupdict() == {"workload": "shared-data", "environment": "prod"}
    assert pattern.fullmatch("acme-a-b") is None
    assert set(pattern.groupindex) == {"workload", "environment"}


def test_a_group_that_took_no_part_is_none() -> None:
    match = compile_pattern("(?P<workload>a)|(?P<environment>b)").fullmatch("a")
    assert match is not None
    assert match.groupdict() == {"workload": "a", "environment": None}


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "a{5000}", "(?P<a", "[z-a]", "\\"])
def test_says_why_a_pattern_is_not_known_and_prints_nothing(
    pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        compile_pattern(pattern)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b", "(a|aa)+b"]
)
def test_a_hostile_pattern_comes_to_an_end(pattern: str) -> None:
    """An engine that tries one way after the other would not in this test's time, nor in a year."""
    compiled = compile_pattern(f"(?P<workload>{pattern})(?P<environment>c)")
    assert compiled.fullmatch("a" * 500) is None
