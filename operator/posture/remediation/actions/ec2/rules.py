"""Which rules of a security group a control is about (user guide, "Amazon EC2 controls")."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any, NamedTuple

from posture.remediation.actions.parameters import LAST_PORT, ports

TCP, UDP, ALL = "tcp", "udp", "-1"
_PROTOCOLS = {"6": TCP, "17": UDP}
_EVERY_PORT = range(LAST_PORT + 1)
_AUTHORIZED_TCP, _AUTHORIZED_UDP = "authorizedTcpPorts", "authorizedUdpPorts"
# EC2.19: the ports of high risk.
_HIGH_RISK = frozenset(
    {20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080}
    | {8088, 8888, 9200, 9300}
)
_SSH, _RDP = 22, 3389
_ADMINISTRATION = frozenset({_SSH, _RDP})
_AUTHORIZED = frozenset({80, 443})


class ForbiddenPorts(NamedTuple):
    """What nobody may open to everybody: ports by protocol, and whether IPv4, IPv6 or both are meant."""

    tcp: frozenset[int]
    udp: frozenset[int]
    versions: frozenset[int] = frozenset({4, 6})

    def of(self, protocol: str) -> frozenset[int]:
        """Return the ports of a protocol."""
        return self.tcp if protocol == TCP else self.udp


class OpenPorts(NamedTuple):
    """What a rule opens to everybody: protocols, ports, and the IP version."""

    protocols: tuple[str, ...]
    ports: range
    version: int


_NONE: frozenset[int] = frozenset()
_FIXED: Mapping[str, ForbiddenPorts] = {
    "EC2.13": ForbiddenPorts(frozenset({_SSH}), _NONE),
    "EC2.14": ForbiddenPorts(frozenset({_RDP}), _NONE),
    "EC2.19": ForbiddenPorts(_HIGH_RISK, _NONE),
    # CIS AWS Foundations Benchmark 3.0, 5.2 and 5.3: TCP, UDP and all protocols.
    "EC2.53": ForbiddenPorts(_ADMINISTRATION, _ADMINISTRATION, frozenset({4})),
    "EC2.54": ForbiddenPorts(_ADMINISTRATION, _ADMINISTRATION, frozenset({6})),
}
CONTROLS = frozenset({*_FIXED, "EC2.18"})


def forbidden_by(control: str, parameters: Mapping[str, Sequence[str]]) -> ForbiddenPorts:
    """Return what a control forbids; `parameters`: its customised ones. ValueError for senseless ones."""
    if control != "EC2.18":
        return _FIXED[control]
    tcp, udp = parameters.get(_AUTHORIZED_TCP), parameters.get(_AUTHORIZED_UDP)
    every = frozenset(_EVERY_PORT)
    return ForbiddenPorts(
        every - (_AUTHORIZED if tcp is None else _read(tcp)), every - (_NONE if udp is None else _read(udp))
    )


def _read(listed: Sequence[str]) -> frozenset[int]:
    return frozenset(port for text in listed if text for each in ports(text) for port in each)


def opening_of(rule: Mapping[str, Any]) -> OpenPorts | None:
    """Return what a rule (of DescribeSecurityGroupRules) opens to everybody; None: nothing that is judged.

    Rules that name a prefix list or a group are not judged by address, and ICMP has no ports.
    """
    protocol = _PROTOCOLS.get(rule["IpProtocol"], rule["IpProtocol"])
    cidr = rule.get("CidrIpv4") or rule.get("CidrIpv6")
    if rule["IsEgress"] or not cidr or protocol not in {TCP, UDP, ALL}:
        return None
    network = ip_network(cidr, strict=False)
    if network.prefixlen:
        return None
    first, last = rule.get("FromPort", -1), rule.get("ToPort", -1)
    if protocol == ALL or first < 0:
        return OpenPorts((TCP, UDP) if protocol == ALL else (protocol,), _EVERY_PORT, network.version)
    return OpenPorts((protocol,), range(first, last + 1), network.version)


class Judged(NamedTuple):
    """`closes`: forbidden ports that the rule opens, by protocol. `cuts`: whether it opens others as well."""

    closes: Mapping[str, frozenset[int]]
    cuts: bool


def judge_rule(
    rule: Mapping[str, Any], forbidden: Sequence[ForbiddenPorts], only: frozenset[int] | None
) -> Judged | None:
    """Judge a rule by what the controls forbid, of that only the ports `only`; None: nothing is wrong."""
    opening = opening_of(rule)
    if opening is None:
        return None
    opened = frozenset(opening.ports)
    closes: dict[str, frozenset[int]] = {}
    for protocol in opening.protocols:
        meant = frozenset().union(
            *(each.of(protocol) for each in forbidden if opening.version in each.versions)
        )
        closes[protocol] = opened & (meant if only is None else meant & only)
    if not any(closes.values()):
        return None
    # All protocols are more than TCP and UDP.
    cuts = rule["IpProtocol"] == ALL or any(closed != opened for closed in closes.values())
    return Judged({protocol: closed for protocol, closed in closes.items() if closed}, cuts)
