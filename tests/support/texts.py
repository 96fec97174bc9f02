"""Every place of the values that takes a text, and texts that YAML takes for something else."""

import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str | int, ...]

KEY = "<key>"
"""As the last step of a path: the text is a key, whose value is another text."""

NOT_TEXTS = (
    *("on", "off", "yes", "no", "y", "n", "true", "False", "null", "~", "None"),
    *("0", "7", "1000", "012345670123", "111122223333", "0o17", "0x1f", "0b11", "1_000"),
    *("1e3", "3240286e-210077", "3e5", "1.0", "1.10", ".5", "5.", "-1", "+1", ".inf", "-.INF", ".nan"),
    *("12:30:45", "1:30", "2026-11-29", "2026-11-29T10:00:00Z", "=", "<<", "-", "--", "---", "...", "?", ":"),
    *("- x", "a: b", "a:", "# c", "a #b", "&a", "*a", "!x", "!!int 1", "%x", "@x", "`x`", "|", ">", ">-"),
    *("{a}", "{{ .Values }}", "[a]", "a,b", "'", '"', "\\", "\\n", "''", '""', " lead", "trail ", " "),
    *(
        "é",
        "größe",
        "😀",
        "\ufeff",
        "\x7f",
        "\x85",
        "\x96",
        "\ufffe",
        "a\u2028b",
        "<a&b>",
        "a\nb",
        "a\n",
        "\ta",
        "$(HOME)",
        "${x}",
        "5Gi",
        "10%",
    ),
)
"""Booleans, nothing, numbers of several bases, times, dates, marks of YAML's and of Helm's own."""

KUBERNETES: tuple[Path, ...] = (
    ("image", "repository"),
    ("image", "tag"),
    ("imagePullSecrets", 0, "name"),
    ("nameOverride",),
    ("watchNamespaces", 0),
    ("serviceAccount", "name"),
    ("serviceAccount", "annotations", "example.com/a"),
    ("serviceAccount", "annotations", KEY),
    ("persistence", "storageClassName"),
    ("env", 0, "name"),
    ("env", 1, "value"),
    ("envFrom", 0, "prefix"),
    ("envFrom", 0, "configMapRef", "name"),
    ("envFrom", 1, "secretRef", "name"),
    ("volumes", 0, "name"),
    ("volumes", 1, "secret", "secretName"),
    ("volumeMounts", 0, "mountPath"),
    ("topologySpreadConstraints", 0, "topologyKey"),
    ("topologySpreadConstraints", 0, "matchLabelKeys", 0),
    ("nodeSelector", "disk"),
    ("nodeSelector", KEY),
    ("tolerations", 0, "key"),
    ("tolerations", 0, "value"),
    ("priorityClassName",),
    ("podAnnotations", "example.com/a"),
    ("podAnnotations", KEY),
    ("podLabels", "team"),
    ("podLabels", KEY),
    ("commonLabels", "team"),
    ("commonLabels", KEY),
    ("serviceAccount", "labels", "team"),
    ("serviceAccount", "labels", KEY),
    ("service", "annotations", "example.com/a"),
    ("service", "annotations", KEY),
    ("extraContainers", 0, "image"),
    ("extraInitContainers", 0, "image"),
    ("hostAliases", 0, "hostnames", 0),
    ("serviceMonitor", "annotations", "example.com/a"),
    ("serviceMonitor", "annotations", KEY),
    *(
        ("serviceMonitor", kind, 0, member)
        for kind in ("relabelings", "metricRelabelings")
        for member in ("separator", "targetLabel", "regex", "replacement")
    ),
    ("serviceMonitor", "labels", "release"),
    ("serviceMonitor", "labels", KEY),
    ("prometheusRule", "labels", "release"),
    ("prometheusRule", "labels", KEY),
    ("prometheusRule", "alertLabels", "team"),
    ("grafanaDashboard", "sidecarLabelValue"),
    ("grafanaDashboard", "annotations", "folder"),
    ("grafanaDashboard", "annotations", KEY),
    ("grafanaDashboard", "extraLabels", "team"),
    ("grafanaDashboard", "extraLabels", KEY),
    ("grafanaDashboard", "grafanaOperator", "folder"),
    ("grafanaDashboard", "grafanaOperator", "instanceSelector", "matchLabels", "dashboards"),
    ("grafanaDashboard", "grafanaOperator", "instanceSelector", "matchLabels", KEY),
    ("networkPolicy", "from", 0, "namespaceSelector", "matchLabels", "team"),
    ("networkPolicy", "from", 0, "podSelector", "matchLabels", "team"),
    ("metrics", "host"),
)
"""What goes into objects of Kubernetes. `fullnameOverride` is apart: with it `nameOverride` has no effect."""

CONFIGURATION: tuple[Path, ...] = tuple(
    ("config", *path)
    for path in (
        ("ownerId",),
        ("adoptFrom", 0),
        ("grants", 0, "namespaces", 0),
        ("grants", 0, "roleArns", 0),
        ("grants", 0, "externalId"),
        ("grants", 0, "accounts", 0),
        ("grants", 0, "queues", 0),
        ("grants", 0, "disableControls", "roleNames", 0),
        ("grants", 0, "remediation", "roleNames", 0),
        ("grants", 0, "remediation", "builtins", 0),
        ("grants", 0, "remediation", "documents", 0, "name"),
        ("grants", 0, "remediation", "documents", 0, "owner"),
        ("breakGlass", "iamUsers", 0),
        ("optOutTags", 0, "key"),
        ("optOutTags", 0, "values", 0),
        ("outputs", "cloudWatch", 0, "name"),
        ("outputs", "cloudWatch", 0, "namespaces", 0),
        ("outputs", "cloudWatch", 0, "metricNamespace"),
        ("outputs", "splunk", 0, "name"),
        ("outputs", "splunk", 0, "namespaces", 0),
        ("outputs", "splunk", 0, "tokenFile"),
        ("outputs", "splunk", 0, "caFile"),
        ("outputs", "splunk", 0, "index"),
        ("snapshots", "kmsKeyId"),
    )
)
"""What goes into the operator's configuration file."""

FRAME: Mapping[str, Any] = {
    "networkPolicy": {"enabled": True, "from": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]},
    "podDisruptionBudget": {"enabled": True, "maxUnavailable": "10%"},
    "serviceMonitor": {"enabled": True, "labels": {}, "relabelings": [{}], "metricRelabelings": [{}]},
    "extraContainers": [{"name": "beside", "image": "a"}],
    "extraInitContainers": [{"name": "before", "image": "a"}],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
    "prometheusRule": {"enabled": True, "labels": {}},
    "grafanaDashboard": {"enabled": True, "grafanaOperator": {"enabled": True}},
    "env": [{"name": "FIRST", "value": "1"}, {"name": "SECOND", "value": "1"}],
    "envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "a"}}],
    "volumes": [{"name": "first", "emptyDir": {}}, {"name": "second", "secret": {"secretName": "a"}}],
    "volumeMounts": [{"name": "second", "mountPath": "/second"}],
    "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}],
    "config": {
        "grants": [{"remediation": {"documents": [{"name": "a", "owner": "Amazon"}]}}],
        "outputs": {
            "cloudWatch": [{"name": "a", "region": "eu-west-1"}],
            "splunk": [{"name": "b", "url": "https://a", "tokenFile": "/a"}],
        },
        "snapshots": {"url": "s3://copies"},
    },
}
"""What stands around the texts, valid without any of them."""


def values(places: Sequence[Path], text: str) -> dict[str, Any]:
    """Give values that say `text` in all of these places."""
    made: dict[str, Any] = copy.deepcopy(dict(FRAME))
    for path in places:
        node: Any = made
        for step, following in itertools.pairwise(path):
            new: Any = [] if isinstance(following, int) else {}
            if isinstance(step, int):
                node.extend([copy.deepcopy(new) for _ in range(step + 1 - len(node))])
                node = node[step]
            else:
                node = node.setdefault(step, new)
        last = path[-1]
        if isinstance(last, int):
            node.extend([text] * (last + 1 - len(node)))
            node[last] = text
        else:
            node[text if last == KEY else last] = "value" if last == KEY else text
    return made


def refused(places: Sequence[Path], complaint: str) -> set[Path]:
    """Find which of these places helm's complaint about the schema names."""
    named = {tuple(pointer.split("/")[1:]) for pointer in re.findall(r"at '(/[^']*)'", complaint)}
    keys = {
        tuple(pointer.split("/")[1:])
        for pointer in re.findall(r"at '(/[^']*)': additional properties", complaint)
    }
    found = set()
    for path in places:
        steps = tuple(str(step).replace("~", "~0").replace("/", "~1") for step in path)
        if path[-1] == KEY:
            found |= {path} if steps[:-1] in keys else set()
        elif steps in named:
            found.add(path)
    return found


def replaced(node: Any, before: str, after: str) -> Any:
    """Give the document with a text put for another one, in keys and in longer texts too."""
    if isinstance(node, dict):
        return {key.replace(before, after): replaced(value, before, after) for key, value in node.items()}
    if isinstance(node, list):
        return [replaced(each, before, after) for each in node]
    return node.replace(before, after) if isinstance(node, str) else node


def differences(sent: Any, stored: Any, where: str = "") -> Iterator[str]:
    """Name what is in `sent` and is not the same in `stored`, which may hold more."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        for key, value in sent.items():
            yield from differences(value, stored.get(key), f"{where}.{key}")
    elif isinstance(sent, list) and isinstance(stored, list) and len(sent) <= len(stored):
        # Admission adds to some lists, tolerations for one, at their end.
        for index, (one, other) in enumerate(zip(sent, stored, strict=False)):
            yield from differences(one, other, f"{where}[{index}]")
    elif (type(sent), sent) != (type(stored), stored):
        yield f"{where}: {sent!r} became {stored!r}"
