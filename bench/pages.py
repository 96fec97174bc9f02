"""Answers of GetFindings as they come over the wire, made of the simulated organization's findings."""

from collections.abc import Iterator

from sandbox.organization import Organization

PAGE = 100


def pages(findings: int) -> Iterator[bytes]:
    """Yield bodies of `PAGE` findings each, `findings` in all."""
    page: list[bytes] = []
    for finding in Organization.of_size(findings).findings(findings):
        page.append(finding)
        if len(page) == PAGE:
            yield _body(page)
            page = []
    if page:
        yield _body(page)


def _body(page: list[bytes]) -> bytes:
    return b'{"Findings":[' + b",".join(page) + b'],"NextToken":"QUFBQUFB"}'
