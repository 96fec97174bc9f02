"""The report of a score as one HTML file: no scripts, no outside links, nothing that needs colour.

Whatever others wrote (names, titles, notes) is text: escaped, and with everything escaped that is not seen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from importlib.metadata import version
from typing import Any, NamedTuple

from posture.cli.failing.controls import since
from posture.cli.score.told import lowest_first, named
from posture.domain.scoring.failing_controls import FailingControl
from posture.domain.text import counted, one_line
from posture.suppression.register import STATUS, RegisteredException

MAX_CONTROLS = 50
"""Failing controls in a report; `posture controls` has all."""

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #111; background: #fff;
  max-width: 75rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 2px solid #111; padding-bottom: .2rem; }
p { margin: .4rem 0; max-width: 60rem; }
.score { font-size: 3.2rem; font-weight: 700; line-height: 1.1; margin: 1rem 0 0; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1rem 1.2rem; margin: .8rem 0; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { border: 1px solid #999; padding: .25rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { background: #eee; overflow-wrap: normal; }
.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.k { white-space: nowrap; overflow-wrap: normal; }
.p { min-width: 8.5rem; }
meter { width: 8rem; height: .9rem; vertical-align: middle; }
footer { margin-top: 2.5rem; border-top: 1px solid #999; padding-top: .5rem; font-size: .85rem; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { font-size: 10px; max-width: none; padding: 0; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  .bar { display: none; }
}
"""

# A browser is to fetch nothing and run nothing, whatever a name holds.
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)

_Cell = tuple[str, str]
"""Its class, and its text, which is escaped already."""
_SCORED: Sequence[_Cell] = (("n", "Score"), ("bar", "Share"), ("n", "Passed"), ("n", "Controls"))


class ScoreReport(NamedTuple):
    """`document`: as `told.document_of` returns it. `target`: namespace/name, empty without a cluster."""

    target: str
    document: Mapping[str, Any]
    controls: Sequence[FailingControl]
    exceptions: Sequence[RegisteredException]
    notes: Sequence[str]


def page(report: ScoreReport) -> str:
    """Return the report as one HTML document."""
    document = report.document
    title = f"Security posture: {_text(report.target or document['account'])}"
    parts = [
        *_summary(report),
        *_scores("Standards", "Standard", document["standards"], lambda each: each["standard"]),
        *_scores("Workloads", "Workload", document["workloads"], named),
        *_controls(report.controls),
        *_exceptions(report),
        *_scores("Accounts", "Account", document["accounts"], _account),
        *_notes(report.notes),
    ]
    made_by = f"posture {_text(version('posture-operator'))}"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{_POLICY}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        + "\n".join(parts)
        + f"\n<footer>Made by {made_by} from Security Hub, exact as of {_text(document['exactAt'])}."
        "</footer>\n</body>\n</html>\n"
    )


def _summary(report: ScoreReport) -> Iterable[str]:
    document = report.document
    if document["score"] is None:
        yield '<p class="score">no score</p>'
        yield "<p>No control of the chosen standards has a result, or one of them is enabled nowhere.</p>"
    else:
        yield f'<p class="score">{document["score"]} %</p>'
        yield (
            f"<p>{document['passed']} of {document['scored']} controls passed,"
            " each counted once over all standards.</p>"
        )
    controls, findings = document["controls"], document["findings"]
    unsuppressed = document["unsuppressedScore"]
    facts = {
        "Target": report.target or "described by options, without a cluster",
        "Security Hub": f"account {document['account']}, Region {document['region']}",
        "Exact as of": document["exactAt"],
        "Method": document["method"],
        "Without exceptions": "no score" if unsuppressed is None else f"{unsuppressed} %",
        "Controls": (
            f"{controls['passed']} passed, {controls['failed']} failed, {controls['unknown']} unknown,"
            f" {controls['noData']} without data, {controls['disabled']} disabled"
        ),
        "Failed findings": ", ".join(f"{n} {name}" for name, n in findings["failed"].items()),
        "Other findings": (
            f"{findings['passed']} passed, {findings['suppressed']} suppressed,"
            f" {findings['warning']} warning, {findings['notAvailable']} not available,"
            f" {findings['disabled']} of disabled controls, {findings['stale']} stale"
        ),
        "Silent accounts": ", ".join(document["silentAccounts"]) or "none",
    }
    rows = "\n".join(f"<dt>{_text(name)}</dt><dd>{_text(says)}</dd>" for name, says in facts.items())
    yield f"<dl>\n{rows}\n</dl>"


def _scores(
    heading: str, what: str, scopes: Sequence[Mapping[str, Any]], name: Callable[[Mapping[str, Any]], str]
) -> Iterable[str]:
    """Write the scores of one kind of scope; of all but standards there is one for each standard."""
    rows = lowest_first(scopes)
    if not rows:
        return
    of_standard = what != "Standard"
    yield f"<h2>{heading}</h2>"
    yield _table(
        [("", what), *([("", "Standard")] if of_standard else []), *_SCORED],
        [
            [
                ("", _text(name(each))),
                *([("", _text(each["standard"]))] if of_standard else []),
                ("n", f"{each['score']} %"),
                ("bar", _bar(each["passed"], each["scored"])),
                ("n", str(each["passed"])),
                ("n", str(each["scored"])),
            ]
            for each in rows
        ],
    )


def _controls(controls: Sequence[FailingControl]) -> Iterable[str]:
    yield "<h2>What to fix first</h2>"
    if not controls:
        yield "<p>No control fails.</p>"
        return
    shown = controls[:MAX_CONTROLS]
    yield (
        "<p>Failing controls by severity, then by failed findings. Oldest: since when the finding fails that"
        " fails for longest.</p>"
    )
    yield _table(
        [
            ("", "Control"),
            ("", "Severity"),
            ("", "Title"),
            ("n", "Findings"),
            ("n", "Accounts"),
            ("", "Oldest"),
            ("", "Standards"),
        ],
        [
            [
                ("k", _text(each.control)),
                ("k", each.severity.name.lower()),
                ("", _text(each.title)),
                ("n", str(each.failed)),
                ("n", str(each.accounts)),
                ("k", _text((since(each.oldest) or "not known").partition("T")[0])),
                ("", "<br>".join(map(_text, each.standards))),
            ]
            for each in shown
        ],
    )
    if left := len(controls) - len(shown):
        yield f"<p>{counted(left, 'more control fails', 'more controls fail')}.</p>"


def _exceptions(report: ScoreReport) -> Iterable[str]:
    yield "<h2>Exceptions</h2>"
    if not report.target:
        yield (
            "<p>Policies are known in the cluster only: the note of the findings tells reason and end, and"
            " controls that policies turned off are not listed.</p>"
        )
    listed = [each for each in report.exceptions if each.number]
    if not listed:
        yield "<p>Nothing is suppressed, and no policy turned a control off.</p>"
        return
    yield _table(
        [
            ("", each)
            for each in (
                "Control",
                "Account",
                "Region",
                "What",
                "Reason",
                "Approved by",
                "Policy",
                "State",
                "Until",
            )
        ],
        [
            [
                ("k", _text(each.control)),
                ("k", _text(each.account)),
                ("k", _text(each.region)),
                ("", _what(each)),
                ("", _text(each.why) or "none is written down"),
                ("p", _text(each.approved_by)),
                ("p", _text(each.policy) or "none"),
                ("k", _text(each.state)),
                ("k", _until(each)),
            ]
            for each in listed
        ],
    )


def _notes(notes: Sequence[str]) -> Iterable[str]:
    if notes:
        yield "<h2>What else to know</h2>"
        yield "<ul>\n" + "\n".join(f"<li>{_text(note)}</li>" for note in notes) + "\n</ul>"


def _until(entry: RegisteredException) -> str:
    if entry.until:
        return _text(entry.until.partition("T")[0])
    return "see reason" if entry.policy else "no end"


def _what(entry: RegisteredException) -> str:
    if entry.what == "suppressFindings":
        return counted(entry.number, "finding suppressed", "findings suppressed")
    told = " (as the policy's status says)" if entry.evidence == STATUS else ""
    return f"turned off in {_text(entry.standard)}{told}"


def _account(scope: Mapping[str, Any]) -> str:
    return f"{scope['account']} {scope['accountName'] or ''}".rstrip()


def _bar(passed: int, scored: int) -> str:
    """Draw a share; its number stands beside it."""
    return f'<meter min="0" max="{scored}" value="{passed}">{passed} of {scored}</meter>'


def _table(headings: Sequence[_Cell], rows: Iterable[Sequence[_Cell]]) -> str:
    head = "".join(_cell("th", kind, heading) for kind, heading in headings)
    body = "\n".join(f"<tr>{''.join(_cell('td', *each) for each in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(tag: str, kind: str, text: str) -> str:
    return f'<{tag} class="{kind}">{text}</{tag}>' if kind else f"<{tag}>{text}</{tag}>"


def _text(value: object) -> str:
    return escape(one_line(str(value)))
