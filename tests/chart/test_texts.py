"""A text stays the same text wherever it goes, however YAML would read it; what cannot be one is refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from posture.config.model import Config
from sandbox.controlplane import ControlPlane
from tests.chart.conftest import CHART, Helm, Manifest, kinds
from tests.support.applying import DIGITS, MONITORING, store, template, to_send
from tests.support.examples import examples
from tests.support.texts import (
    CONFIGURATION,
    KEY,
    KUBERNETES,
    NOT_TEXTS,
    Path,
    refused,
    replaced,
    values,
)

PLAIN = "plainword"
any_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
"""Empty says the default in most places."""
like_a_number = st.from_regex(r"[0-9]{1,3}(e-?[0-9]{1,6}|\.[0-9]|_[0-9]|:[0-9]{2})?", fullmatch=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    """A control plane with namespaces named by digits, and the kind of the Prometheus Operator."""
    with ControlPlane.start() as plane:
        for name in ("posture", *DIGITS):
            plane.kubectl("create", "namespace", name)
        plane.kubectl("apply", "-f", "-", input=MONITORING)
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield plane


def _accepted(helm: Helm, text: str) -> tuple[tuple[Path, ...], list[Manifest]]:
    """Say a text wherever the schema lets it be said; return where that is, and what is rendered."""
    manifests, complaint = template(helm, values(KUBERNETES, text))
    if not complaint:
        return KUBERNETES, manifests
    rest = tuple(path for path in KUBERNETES if path not in refused(KUBERNETES, complaint))
    assert len(rest) < len(KUBERNETES), complaint
    manifests, complaint = template(helm, values(rest, text))
    assert not complaint
    return rest, manifests


class Plain(dict[tuple[Path, ...], list[Manifest]]):
    """What is rendered where these places say a text that nothing takes for anything else."""

    def __init__(self, helm: Helm) -> None:
        self._helm = helm

    def __missing__(self, places: tuple[Path, ...]) -> list[Manifest]:
        manifests, complaint = template(self._helm, values(places, PLAIN))
        assert not complaint
        self[places] = manifests
        return manifests


@pytest.fixture(scope="module")
def plain(helm: Helm) -> Plain:
    return Plain(helm)


def _stays(helm: Helm, plain: Plain, text: str) -> tuple[tuple[Path, ...], list[Manifest]]:
    places, manifests = _accepted(helm, text)
    assert replaced(plain[places], PLAIN, text) == manifests
    return places, manifests


@given(text=any_text | like_a_number)
@examples(12, shrink=False)
def test_any_text_arrives_as_it_is_or_is_refused(helm: Helm, plain: Plain, text: str) -> None:
    _stays(helm, plain, text)


@pytest.mark.timeout(300)
def test_what_yaml_takes_for_something_else_arrives_as_it_is_on_the_api_server(
    helm: Helm, plain: Plain, cluster: ControlPlane
) -> None:
    sent: list[Manifest] = []
    taken: set[Path] = set()
    for text in NOT_TEXTS:
        places, manifests = _stays(helm, plain, text)
        taken.update(places)
        sent += to_send(manifests)
    # Else a place could be tried with nothing at all.
    assert taken == set(KUBERNETES)
    store(cluster, sent)


@pytest.mark.parametrize("name", DIGITS)
def test_a_release_of_digits_in_a_namespace_of_digits_is_installed(
    helm: Helm, cluster: ControlPlane, name: str
) -> None:
    place = (name, str(CHART), "--namespace", name, "--kubeconfig", str(cluster.kubeconfig))
    given = {
        "crds": {"install": False},
        "watchNamespaces": [name],
        "config": {"grants": [{"namespaces": [name], "externalId": name}], "ownerId": "a"},
        "podLabels": {"team": name},
        "env": [{"name": "A", "value": name}],
    }
    # As texts on the command line too.
    helm(
        "install", *place, "--set-string", f"priorityClassName={name},podAnnotations.at={name}", values=given
    )
    get = ("get", "--namespace", name, "-o", "json")
    (stateful_set,) = json.loads(cluster.kubectl(*get, "statefulsets").stdout)["items"]
    template = stateful_set["spec"]["template"]
    assert template["spec"]["priorityClassName"] == name
    assert template["metadata"]["annotations"]["at"] == name
    assert template["metadata"]["labels"]["team"] == name
    assert f"--namespace={name}" in template["spec"]["containers"][0]["args"]
    roles = json.loads(cluster.kubectl(*get, "roles").stdout)["items"]
    assert {each["metadata"]["labels"]["app.kubernetes.io/instance"] for each in roles} == {name}
    helm("upgrade", *place, values=given)


@pytest.mark.parametrize(
    ("release", "full"),
    [
        ("posture", "posture-posture-operator"),
        ("my-posture-operator", "my-posture-operator"),
        ("1.2", "posture-1-2-posture-operator"),
        ("posture.prod", "posture-prod-posture-operator"),
        ("a" * 49 + "-b", "a" * 49),
        ("a" * 47 + "---b", "a" * 47),
    ],
)
def test_every_release_has_a_name_that_a_service_may_have(
    helm: Helm, cluster: ControlPlane, release: str, full: str
) -> None:
    manifests, complaint = template(helm, {}, release)
    assert not complaint
    (service,) = kinds(manifests)["Service"]
    assert service["metadata"]["name"] == full
    assert kinds(manifests)["StatefulSet"][0]["spec"]["serviceName"] == full
    store(cluster, list(to_send(manifests)))


def test_the_configuration_that_the_schema_takes_is_the_one_that_the_operator_takes(helm: Helm) -> None:
    good = {"arn:aws:iam::*:role/*", "arn:aws:sqs:*:*:posture-*", "1111*", "/run/secrets/token"}
    taken: set[Path] = set()
    for text in (*NOT_TEXTS, *sorted(good)):
        given = values(CONFIGURATION, text)
        _, complaint = template(helm, given)
        by_schema = refused(CONFIGURATION, complaint)
        assert by_schema == _refused_by_the_operator(given["config"]), text
        taken |= set(CONFIGURATION) - by_schema
    assert taken == set(CONFIGURATION)


def _refused_by_the_operator(config: dict[str, Any]) -> set[Path]:
    try:
        Config.model_validate(config)
    except ValidationError as error:
        return {("config", *each["loc"]) for each in error.errors()}
    return set()


def test_every_text_of_the_values_is_tried() -> None:
    """The schema's texts, but for those that have a closed form of their own, are the places above."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    closed = {
        # Of a fixed form, which no number and no boolean of YAML has, or enumerated.
        *("image.digest", "image.pullPolicy", "log.format", "log.level", "persistence.size"),
        *("serviceMonitor.interval", "serviceMonitor.scrapeTimeout", "podDisruptionBudget.maxUnavailable"),
        *("persistence.accessModes", "fullnameOverride", "volumeMounts.name", "volumeMounts.subPath"),
        *("topologySpreadConstraints.whenUnsatisfiable", "topologySpreadConstraints.nodeAffinityPolicy"),
        *("topologySpreadConstraints.nodeTaintsPolicy", "tolerations.operator", "tolerations.effect"),
        *("podSecurityContext.fsGroupChangePolicy", "resources.requests", "resources.limits"),
        *(
            "config.writes",
            "config.grants.verbs",
            "config.grants.remediation.maxMode",
            "config.maxSuppressionAge",
        ),
        *(f"config.lease.{each}" for each in ("duration", "renewDeadline", "retry")),
        *(f"config.minimums.{each}" for each in ("interval", "fullSyncInterval", "evaluationWindow")),
        "config.grants.remediation.documents.parameters",
        *(f"config.outputs.cloudWatch.{each}" for each in ("region", "roleArn", "maxQueue.age")),
        *(f"config.outputs.splunk.{each}" for each in ("url", "send", "maxQueue.age")),
        *(f"config.snapshots.{each}" for each in ("url", "every", "region", "roleArn")),
        "prometheusRule.runbookUrl",
        *("global.compatibility.openshift.adaptSecurityContext", "extraArgs", "dnsPolicy", "hostAliases.ip"),
        *("service.ipFamilyPolicy", "service.ipFamilies", "persistence.retention"),
        *("podDisruptionBudget.minAvailable", "admissionPolicies.exceptions.maxAge"),
        *("extraContainers.name", "extraInitContainers.name", "extraObjects.apiVersion", "extraObjects.kind"),
        "serviceMonitor.namespace",
        *(f"serviceMonitor.{each}.action" for each in ("relabelings", "metricRelabelings")),
        *(f"serviceMonitor.{each}.sourceLabels" for each in ("relabelings", "metricRelabelings")),
        "grafanaDashboard.sidecarLabel",
        *(f"prometheusRule.alerts.{each}" for each in ("for", "severity", "window")),
    }
    # What shuts others out, or becomes part of an expression, is tried by itself; a PodMonitor's values are
    # those of a ServiceMonitor.
    by_themselves = {
        *("existingConfigMap", "existingSecret"),
        *(f"admissionPolicies.exceptions.{each}" for each in ("approvers", "referencePattern")),
    }
    tried = {
        ".".join(step for step in path if isinstance(step, str) and step != KEY)
        for path in (*KUBERNETES, *CONFIGURATION)
    }
    found = set(_texts(schema, schema["definitions"]))
    maps = {name for name in found if any(each.startswith(f"{name}.") for each in tried)}
    found = {name for name in found if not name.startswith("podMonitor.")}
    assert found - tried - closed - maps - by_themselves == set()
    assert by_themselves <= found
    assert closed <= found


def _texts(node: Any, definitions: dict[str, Any], where: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    for part in [node, *node.get("allOf", [])]:
        if "$ref" in part:
            yield from _texts(definitions[part["$ref"].removeprefix("#/definitions/")], definitions, where)
    if node.get("type") == "string" or ("enum" in node and where) or "anyOf" in node:
        yield ".".join(where)
    for name, each in node.get("properties", {}).items():
        yield from _texts(each, definitions, (*where, name))
    for key in ("items", "additionalProperties"):
        yield from _texts(node.get(key), definitions, where)
    for each in node.get("patternProperties", {}).values():
        yield from _texts(each, definitions, where)
