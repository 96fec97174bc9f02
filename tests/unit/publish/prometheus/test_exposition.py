import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from posture.domain.text import printable
from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Exposition, rendered
from posture.publish.prometheus.families import (
    ALL,
    AWS_REQUESTS,
    CONTROLS,
    SCORE_TIMESTAMP,
    SCORES,
    Family,
)
from tests.support.hostile import acts, texts

SCORE = SCORES["target", "score_ratio"]


def read(page: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    parsed = {}
    for metric in text_string_to_metric_families(page.decode()):
        for sample in metric.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in parsed, f"twice on the page: {key}"
            parsed[key] = sample.value
    return parsed


def test_a_page_holds_what_each_owner_published_under_one_header_a_family() -> None:
    exposition = Exposition()
    exposition.publish("a", rendered({SCORE: [(("ns", "a"), 0.5)]}))
    exposition.publish("b", rendered({SCORE: [(("ns", "b"), 1 / 3)]}))
    page = exposition.page().plain
    assert page.count(b"# TYPE posture_target_score_ratio gauge") == 1
    assert read(page) == {
        ("posture_target_score_ratio", (("namespace", "ns"), ("target", "a"))): 0.5,
        ("posture_target_score_ratio", (("namespace", "ns"), ("target", "b"))): 1 / 3,
    }


def test_publishing_again_replaces_all_that_the_owner_had() -> None:
    exposition = Exposition()
    exposition.publish("a", rendered({SCORE: [(("ns", "a"), 0.5)], SCORE_TIMESTAMP: [(("ns", "a"), 7)]}))
    exposition.publish("a", rendered({SCORE_TIMESTAMP: [(("ns", "a"), 8)]}))
    assert list(read(exposition.page().plain).values()) == [8]


def test_a_withdrawn_owner_leaves_no_series_and_no_header() -> None:
    exposition = Exposition()
    exposition.publish("a", rendered({SCORE: [(("ns", "a"), 0.5)]}))
    exposition.withdraw("a")
    exposition.withdraw("never seen")
    assert exposition.page().plain == b""
    assert exposition.owners() == set()


def test_what_is_not_valid_any_more_is_not_handed_out() -> None:
    exposition = Exposition()
    held = [True]
    exposition.publish("a", rendered({SCORE: [(("ns", "a"), 0.5)]}), lambda: held[0])
    assert exposition.page().plain
    held[0] = False
    assert exposition.page().plain == b""
    held[0] = True
    assert exposition.page().plain == b"", "only publishing brings it back"


def test_nothing_is_rendered_again_while_nothing_changes() -> None:
    exposition = Exposition()
    exposition.publish("a", rendered({SCORE: [(("ns", "a"), 0.5)]}))
    first = exposition.page()
    exposition.publish("a", rendered({SCORE: [(("ns", "a"), 0.5)]}))
    assert exposition._cached is not None
    assert exposition.page() == first


def test_the_compressed_page_is_the_plain_one() -> None:
    counts = {AWS_REQUESTS: [(("securityhub", "GetFindings", "200"), 3.0)]}
    exposition = Exposition(lambda: counts)
    exposition.publish("a", rendered({SCORE: [(("ns", "a"), 0.5)]}))
    page = exposition.page()
    assert gzip.decompress(page.gzipped) == page.plain
    assert page.plain.count(b"posture_aws_requests_total{") == 1


def test_counters_are_read_at_each_scrape() -> None:
    count = [1.0]
    exposition = Exposition(lambda: {AWS_REQUESTS: [(("s", "o", "200"), count[0])]})
    before = read(exposition.page().plain)
    count[0] = 2.0
    assert set(before.values()) == {1.0}
    assert set(read(exposition.page().plain).values()) == {2.0}


def test_a_sample_with_too_few_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="posture_controls"):
        rendered({CONTROLS: [(("ns", "target"), 1.0)]})


@given(st.lists(st.tuples(st.text(), st.text()), unique=True, max_size=5))
def test_any_label_value_survives_the_format(names: list[tuple[str, str]]) -> None:
    exposition = Exposition()
    exposition.publish("a", rendered({SCORE: [(name, 1.0) for name in names]}))
    # The parser splits on every Unicode line end where the format knows only \n: compare the lines instead.
    lines = [line for line in exposition.page().plain.decode().split("\n") if line and line[0] != "#"]
    expected = {(_escaped(namespace), _escaped(target)) for namespace, target in names}
    assert {tuple(part for part in _values(line)) for line in lines} == expected
    assert len(lines) == len(names)


def _escaped(value: str) -> str:
    return printable(value).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _values(line: str) -> tuple[str, str]:
    inside = line.removeprefix('posture_target_score_ratio{namespace="').removesuffix('"} 1.0')
    namespace, _, target = inside.partition('",target="')
    return namespace, target


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.name)
def test_every_family_follows_the_conventions(family: Family) -> None:
    assert family.name.startswith("posture_")
    assert family.name.endswith("_total") == (family.type == "counter")
    assert family.documentation.endswith(".")
    assert len(set(family.labels)) == len(family.labels)


def test_families_are_declared_once() -> None:
    declared = [value for value in vars(families).values() if isinstance(value, Family)]
    assert {*declared, *SCORES.values()} == set(ALL)
    assert len({family.name for family in ALL}) == len(ALL)


@given(texts)
def test_no_label_acts_on_a_terminal(text: str) -> None:
    exposition = Exposition()
    exposition.publish("a", rendered({SCORE: [((text, "a"), 0.5)]}))
    page = exposition.page().plain
    assert acts(page.decode()) <= {"\n"}
    ((_, labels),) = read(page)
    assert dict(labels) == {"namespace": printable(text), "target": "a"}
