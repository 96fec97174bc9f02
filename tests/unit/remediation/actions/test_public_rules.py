"""Which rules of a security group are wrong, against a slow oracle that asks for each port."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import LiveState, Refused, Situation
from posture.remediation.actions.ec2.groups import kept_rule, rule_name
from posture.remediation.actions.ec2.rules import CONTROLS
from posture.remediation.actions.ec2.security_group_revoke_public_ingress import ACTION
from tests.support.examples import examples

SSH_AND_RDP = [22, 3389]
# As the user guide lists them.
HIGH_RISK = [20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500]
HIGH_RISK += [5601, 8080, 8088, 8888, 9200, 9300]
EDGES = sorted(
    {0, 1, 65534, 65535, *(port + step for port in [*HIGH_RISK, 80, 443, 53] for step in (-1, 0, 1))}
)


def is_forbidden(control: str, protocol: str, port: int, public: str, authorized: Mapping[str, Any]) -> bool:
    """Whether a control fails for one port that is open to everybody, in the words of its description."""
    if control == "EC2.13":
        return protocol == "tcp" and port == 22
    if control == "EC2.14":
        return protocol == "tcp" and port == 3389
    if control == "EC2.18":
        tcp = [int(each) for each in authorized.get("authorizedTcpPorts", ["80", "443"])]
        udp = [int(each) for each in authorized.get("authorizedUdpPorts", [])]
        return port not in (tcp if protocol == "tcp" else udp)
    if control == "EC2.19":
        return protocol == "tcp" and port in HIGH_RISK
    return port in SSH_AND_RDP and public == {"EC2.53": "0.0.0.0/0", "EC2.54": "::/0"}[control]


def lets_in(rule: Mapping[str, Any], protocol: str, port: int) -> str | None:
    """From where everybody is let in by a rule; None: nobody is."""
    source = rule.get("CidrIpv4", rule.get("CidrIpv6"))
    if rule["IsEgress"] or source not in {"0.0.0.0/0", "::/0"}:
        return None
    if rule["IpProtocol"] == "-1":
        return str(source)
    if rule["IpProtocol"] != protocol or not rule["FromPort"] <= port <= rule["ToPort"]:
        return None
    return str(source)


def expected(
    rule: Mapping[str, Any], controls: set[str], authorized: Mapping[str, Any], only: set[int] | None
) -> str:
    """`right`, `wrong`, or `wide`: it is wrong, and lets in what no control forbids."""
    bad = good = False
    for protocol in ("tcp", "udp"):
        for port in range(65536):
            source = lets_in(rule, protocol, port)
            if source is None:
                continue
            meant = only is None or port in only
            if meant and any(is_forbidden(each, protocol, port, source, authorized) for each in controls):
                bad = True
            else:
                good = True
    if not bad:
        return "right"
    return "wide" if good or rule["IpProtocol"] == "-1" else "wrong"


edges = st.sampled_from(EDGES)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    protocol = draw(st.sampled_from(["tcp", "tcp", "tcp", "udp", "icmp", "-1"]))
    first = draw(edges)
    last = draw(
        st.just(first) | st.integers(first, min(first + 3, 65535)) | edges.filter(lambda p: p >= first)
    )
    ports = {"tcp": (first, last), "udp": (first, last), "icmp": (8, -1), "-1": (-1, -1)}[protocol]
    source = draw(
        st.sampled_from(
            [
                {"CidrIpv4": "0.0.0.0/0"},
                {"CidrIpv4": "0.0.0.0/0"},
                {"CidrIpv6": "::/0"},
                {"CidrIpv4": "0.0.0.0/1"},
                {"CidrIpv6": "2001:db8::/32"},
            ]
        )
    )
    return {
        "SecurityGroupRuleId": "sgr-1",
        "IsEgress": False,
        "IpProtocol": protocol,
        "FromPort": ports[0],
        "ToPort": ports[1],
        **source,
    }


SSH = {"SecurityGroupRuleId": "sgr-1", "IsEgress": False, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


@examples(150, shrink=False)
@given(
    rule=rules(),
    controls=st.sets(st.sampled_from(sorted(CONTROLS)), min_size=1, max_size=2),
    tcp=st.none() | st.lists(st.sampled_from(["22", "80", "443", "8080"]), max_size=3),
    only=st.none() | st.sets(st.sampled_from([22, 80, 443, 3389, 8080]), min_size=1, max_size=2),
    wide=st.booleans(),
)
@example(rule=SSH | {"CidrIpv4": "0.0.0.0/0"}, controls={"EC2.13"}, tcp=None, only=None, wide=False)
@example(rule=SSH | {"CidrIpv6": "::/0"}, controls={"EC2.53"}, tcp=None, only=None, wide=True)
def test_exactly_the_rules_that_the_controls_are_about(
    rule: dict[str, Any], controls: set[str], tcp: list[str] | None, only: set[int] | None, wide: bool
) -> None:
    authorized = {} if tcp is None else {"authorizedTcpPorts": tcp}
    name = rule_name(rule)
    state = LiveState({name: kept_rule(rule)}, {"groupName": "g", "ids": {name: "sgr-1"}})
    parameters: dict[str, object] = {"wideRules": "Revoke" if wide else "Skip"}
    if only is not None:
        parameters["ports"] = ",".join(map(str, only))
    verdict = ACTION.judge(state, ACTION.configure(parameters), Situation(0, frozenset(controls), authorized))
    outcome = expected(rule, controls, authorized, only)
    is_wrong = outcome == "wrong" or (outcome == "wide" and wide)
    assert [(each.name, each.handle) for each in verdict.wrong] == ([(name, "sgr-1")] if is_wrong else [])
    assert [each.reason for each in verdict.spared] == (
        [Reason.NOT_SUPPORTED] if outcome == "wide" and not wide else []
    )


@pytest.mark.parametrize(
    ("group", "controls", "authorized", "reason"),
    [
        ("FMManagedSecurityGroup-1", {"EC2.13"}, {}, Reason.MANAGED_BY_POLICY),
        ("g", {"EC2.2"}, {}, Reason.NOT_SUPPORTED),
        ("g", {"EC2.18"}, {"authorizedTcpPorts": ["many"]}, Reason.UNREADABLE),
    ],
)
def test_what_it_refuses(
    group: str, controls: set[str], authorized: Mapping[str, list[str]], reason: Reason
) -> None:
    state = LiveState({}, {"groupName": group, "ids": {}})
    with pytest.raises(Refused) as refused:
        ACTION.judge(state, ACTION.configure({}), Situation(0, frozenset(controls), authorized))
    assert refused.value.reason is reason


def test_ranges_of_authorized_ports_are_read_as_config_writes_them() -> None:
    rule = SSH | {"FromPort": 1020, "ToPort": 1025, "CidrIpv4": "0.0.0.0/0"}
    state = LiveState({"n": kept_rule(rule)}, {"groupName": "g", "ids": {"n": "sgr-1"}})
    for ports, wrong in (("443,1020-1025", 0), ("443,1021-1025", 1)):
        situation = Situation(0, frozenset({"EC2.18"}), {"authorizedTcpPorts": ports.split(",")})
        assert len(ACTION.judge(state, ACTION.configure({"wideRules": "Revoke"}), situation).wrong) == wrong
