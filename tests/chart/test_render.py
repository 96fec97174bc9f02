"""What the chart renders: these rights, this security, this configuration, and no values that do not fit."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from posture.api.crds import documents
from posture.config.file import (
    load,
)
from posture.config.grants import Grant, OptOutTag, RemediationGrant
from posture.config.model import Config, LeaseTimes, Metrics
from posture.kube.access import required_rights
from posture.kube.resources import LEASES
from tests.chart.conftest import CHART, NAMESPACE, ROOT, Helm, Manifest, Render, kinds

Right = tuple[str, str, str]
OF_PEOPLE = ("-author", "-auditor")
APPROVING = {
    ("posture.dev", "remediations", verb) for verb in ("get", "list", "watch", "patch", "approve", "undo")
}


def _rights(role: Manifest) -> set[Right]:
    assert all(
        rule.keys() - {"resourceNames"} == {"apiGroups", "resources", "verbs"} for rule in role["rules"]
    )
    return {
        (group, "/".join([resource, *rule.get("resourceNames", [])]), verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _needed(*, leases: bool) -> set[Right]:
    """What the operator itself says that it needs."""
    return {
        (right.resource.group, "/".join(filter(None, (right.resource.plural, right.subresource))), right.verb)
        for right in required_rights(None, NAMESPACE)
        if right.resource is not None and (right.resource == LEASES) == leases
    }


def test_lint_finds_nothing(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART)).stdout


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{chart["appVersion"]}"' in pyproject


def test_cluster_wide_rights_are_just_those_needed(render: Render) -> None:
    found = kinds(render())
    (cluster_role, approver, *others), (role,) = found["ClusterRole"], found["Role"]
    noticing_crds = {
        ("apiextensions.k8s.io", "customresourcedefinitions", verb) for verb in ("list", "watch")
    }
    cluster_id = ("", "namespaces/kube-system", "get")
    assert _rights(cluster_role) == _needed(leases=False) | noticing_crds | {cluster_id}
    assert _rights(role) == _needed(leases=True)
    assert role["metadata"]["namespace"] == NAMESPACE
    assert approver["metadata"]["name"] == "posture-posture-operator-remediation-approver"
    assert _rights(approver) == APPROVING
    # Those of people, which test_choices.py looks at.
    assert [each["metadata"]["name"].rpartition("-")[2] for each in others] == ["author", "auditor"]


def test_the_clusters_id_is_read_only_where_nothing_else_marks_what_is_ours(render: Render) -> None:
    cluster_role, *_ = kinds(render(config={"ownerId": "prod-eu"}))["ClusterRole"]
    assert not [right for right in _rights(cluster_role) if right[1].startswith("namespaces")]


def test_with_namespaces_nothing_is_granted_beyond_them(render: Render) -> None:
    found = kinds(render(watchNamespaces=["security", NAMESPACE]))
    assert not found.keys() & {"ClusterRole", "ClusterRoleBinding"}
    granted = {
        (role["metadata"]["namespace"], role["metadata"]["name"]): _rights(role)
        for role in found["Role"]
        if not role["metadata"]["name"].endswith(OF_PEOPLE)
    }
    assert granted == {
        ("security", "posture-posture-operator"): _needed(leases=False),
        ("security", "posture-posture-operator-remediation-approver"): APPROVING,
        (NAMESPACE, "posture-posture-operator"): _needed(leases=False),
        (NAMESPACE, "posture-posture-operator-remediation-approver"): APPROVING,
        (NAMESPACE, "posture-posture-operator-leases"): _needed(leases=True),
    }
    args = _container(found)["args"]
    assert [each for each in args if each.startswith("--namespace")] == [
        "--namespace=security",
        "--namespace=posture",
    ]


@pytest.mark.parametrize("verb", ["Suppress", "DisableControls"])
def test_with_namespaces_what_is_marked_needs_a_name_that_lasts(
    helm: Helm, render: Render, verb: str
) -> None:
    grants = [{"verbs": ["Score"]}, {"namespaces": ["security"], "verbs": ["Score", verb]}]
    values: dict[str, Any] = {"watchNamespaces": ["security"], "config": {"grants": grants}}
    done = helm("template", "posture", str(CHART), values=values, check=False)
    assert done.returncode != 0
    assert "config.ownerId is required" in done.stderr
    assert "kubectl get namespace kube-system -o jsonpath={.metadata.uid}" in done.stderr
    enough: list[dict[str, Any]] = [
        {"config": {"grants": grants, "ownerId": "prod-eu"}},
        {"config": {"grants": grants[:1]}},
        {"config": {"grants": [{"namespaces": ["security"]}]}},
        {"watchNamespaces": []},
        # Whoever binds the rights may have bound that to read the cluster's id.
        {"rbac": {"create": False}},
    ]
    for each in enough:
        assert kinds(render(**{**values, **each}))["Secret"]


def test_every_role_of_the_operator_is_bound_to_it_alone_and_that_of_people_to_nobody(render: Render) -> None:
    for values in ({}, {"watchNamespaces": ["a", "b"]}):
        found = kinds(render(**values))
        roles = found.get("Role", []) + found.get("ClusterRole", [])
        bindings = found.get("RoleBinding", []) + found.get("ClusterRoleBinding", [])
        names = [each["metadata"]["name"] for each in roles]
        bound = [each["roleRef"]["name"] for each in bindings]
        assert bound == [each for each in names if not each.endswith(("-approver", *OF_PEOPLE))]
        assert len(bound) < len(names)
        (account,) = found["ServiceAccount"]
        for binding in bindings:
            assert binding["subjects"] == [
                {"kind": "ServiceAccount", "name": account["metadata"]["name"], "namespace": NAMESPACE}
            ]


POLICY = "ValidatingAdmissionPolicy"


def test_the_journal_is_guarded_unless_that_is_not_wanted(render: Render) -> None:
    found = kinds(render())
    (policy,), (binding,) = found[POLICY], found[f"{POLICY}Binding"]
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert binding["spec"] == {
        "policyName": policy["metadata"]["name"],
        "validationActions": ["Deny"],
    }
    assert "namespaceSelector" not in policy["spec"]["matchConstraints"]
    off = kinds(render(admissionPolicies={"remediations": {"enabled": False}}))
    assert not [kind for kind in off if kind.startswith(POLICY)]


def test_a_release_guards_only_what_it_watches(render: Render) -> None:
    (policy,) = kinds(render(watchNamespaces=["a", "b"]))[POLICY]
    assert policy["spec"]["matchConstraints"]["namespaceSelector"] == {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}]
    }


def test_the_operator_is_the_service_account_of_the_release(render: Render) -> None:
    for values in ({}, {"serviceAccount": {"create": False, "name": "own"}}):
        found = kinds(render(**values))
        (policy,), account = found[POLICY], _pod(found)["serviceAccountName"]
        (by,) = [each for each in policy["spec"]["variables"] if each["name"] == "byOperator"]
        user = f"system:serviceaccount:{NAMESPACE}:{account}"
        assert by["expression"] == f"request.userInfo.username == '{user}'"


@pytest.mark.parametrize(
    ("cluster", "guarded"),
    [
        (["--kube-version=1.29.0"], False),
        (["--kube-version=1.29.0", f"--api-versions=admissionregistration.k8s.io/v1/{POLICY}"], True),
        (["--kube-version=1.30.0-eks-036c24b"], True),
    ],
)
def test_a_cluster_that_does_not_serve_the_policy_gets_none(
    helm: Helm, cluster: list[str], guarded: bool
) -> None:
    printed = helm("template", "posture", str(CHART), *cluster, values={"crds": {"install": False}}).stdout
    assert (f"kind: {POLICY}\n" in printed) == guarded


def test_the_notes_tell_that_nothing_guards_the_journal(helm: Helm) -> None:
    def notes(*, enabled: bool) -> str:
        return helm(
            *("install", "posture", str(CHART), "--dry-run=client"),
            values={"admissionPolicies": {"remediations": {"enabled": enabled}}, "crds": {"install": False}},
        ).stdout

    assert "No admission policy guards the journal" in notes(enabled=False)
    assert "No admission policy" not in notes(enabled=True)


def _pod(found: dict[str, list[Manifest]]) -> Manifest:
    (stateful_set,) = found["StatefulSet"]
    spec: Manifest = stateful_set["spec"]["template"]["spec"]
    return spec


def _container(found: dict[str, list[Manifest]]) -> Manifest:
    (container,) = _pod(found)["containers"]
    assert isinstance(container, dict)
    return container


def test_the_pod_has_no_privileges(render: Render) -> None:
    found = kinds(render())
    pod, container = _pod(found), _container(found)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/data", "/tmp"}  # noqa: S108 - a path in the container


def test_the_configuration_arrives_as_it_was_written(render: Render, tmp_path: Any) -> None:
    config = {
        "grants": [
            {
                "namespaces": ["security"],
                "externalId": "1_000",
                "accounts": ["012345678901", "*"],
                "verbs": ["Score"],
            }
        ],
        "quotaShare": 1,
        "lease": {"duration": "15s", "renewDeadline": "10s", "retry": "2s"},
    }
    found = kinds(render(config=config))
    assert "ConfigMap" not in found
    (secret,) = found["Secret"]
    text = base64.b64decode(secret["data"]["posture.yaml"]).decode()
    assert yaml.safe_load(text) == config
    file = tmp_path / "posture.yaml"
    file.write_text(text)
    assert load(file) == Config.model_validate(config)
    (mount,) = (mount for mount in _container(found)["volumeMounts"] if mount["name"] == "config")
    assert "subPath" not in mount
    (volume,) = (each for each in _pod(found)["volumes"] if each["name"] == "config")
    assert volume["secret"] == {"secretName": secret["metadata"]["name"]}
    assert f"--config={mount['mountPath']}/posture.yaml" in _container(found)["args"]


def test_the_monitor_keeps_the_namespace_of_the_metrics(render: Render) -> None:
    assert "ServiceMonitor" not in kinds(render())
    found = kinds(render(serviceMonitor={"enabled": True, "labels": {"release": "prometheus"}}))
    ((monitor,), (service,)) = found["ServiceMonitor"], found["Service"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["honorLabels"] is True
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_everything_selects_the_same_pods(render: Render) -> None:
    on = {"enabled": True}
    found = kinds(
        render(replicas=2, podDisruptionBudget=on, networkPolicy=on, podLabels={"team": "security"})
    )
    (stateful_set,) = found["StatefulSet"]
    labels = stateful_set["spec"]["template"]["metadata"]["labels"]
    selectors = [
        stateful_set["spec"]["selector"]["matchLabels"],
        found["Service"][0]["spec"]["selector"],
        found["PodDisruptionBudget"][0]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"][0]["spec"]["podSelector"]["matchLabels"],
        _pod(found)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ]
    assert all(selector == selectors[0] for selector in selectors)
    assert selectors[0].items() <= labels.items()
    assert labels["team"] == "security"


def test_the_crds_are_those_of_the_models(render: Render) -> None:
    found = kinds(render(crds={}))["CustomResourceDefinition"]
    for crd in found:
        assert crd["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    expected = json.loads(json.dumps(list(documents())))
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert "CustomResourceDefinition" not in kinds(render(crds={"install": False}))
    for crd in kinds(render(crds={"keep": False}))["CustomResourceDefinition"]:
        assert "annotations" not in crd["metadata"]


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"replica": 2}, "replica"),
        ({"priorityClassName": 1000}, "priorityClassName"),
        ({"image": {"tag": 1.1}}, "tag"),
        ({"env": [{"name": "A", "value": 1}]}, "env"),
        ({"env": [{"name": "POSTURE_IDENTITY", "value": "a"}]}, "env"),
        ({"serviceAccount": {"create": False}}, "serviceAccount"),
        ({"serviceMonitor": {"interval": "10s", "scrapeTimeout": "1m"}}, "serviceMonitor"),
        ({"topologySpreadConstraints": [{"labelSelector": {}}]}, "topologySpreadConstraints"),
        ({"replicas": "two"}, "replicas"),
        ({"image": {"digest": "sha256:1"}}, "digest"),
        ({"nameOverride": "Bad_Name"}, "nameOverride"),
        ({"fullnameOverride": "a."}, "fullnameOverride"),
        ({"watchNamespaces": ["Security"]}, "watchNamespaces"),
        ({"persistence": {"accessModes": ["ReadWriteMany"]}}, "accessModes"),
        ({"log": {"level": "trace"}}, "level"),
        ({"metrics": {"port": 0}}, "port"),
        ({"terminationGracePeriodSeconds": 5}, "terminationGracePeriodSeconds"),
        ({"config": {"grant": []}}, "config"),
        ({"config": {"ownerId": ""}}, "ownerId"),
        ({"config": {"ownerId": "prod eu"}}, "ownerId"),
        ({"config": {"adoptFrom": ["-"]}}, "adoptFrom"),
        ({"config": {"writes": "frozen"}}, "writes"),
        ({"config": {"quotaShare": 2}}, "quotaShare"),
        ({"config": {"grants": [{"accounts": [111122223333]}]}}, "accounts"),
        ({"config": {"grants": [{"verbs": ["score"]}]}}, "verbs"),
        ({"config": {"lease": {"duration": 15}}}, "duration"),
    ],
)
def test_values_that_do_not_fit_are_refused(helm: Helm, values: dict[str, Any], where: str) -> None:
    done = helm("template", "posture", str(CHART), values=values, check=False)
    assert done.returncode != 0
    assert where in done.stderr


def _schema(*path: str) -> dict[str, Any]:
    node: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    for step in ("config", *path):
        node = node["properties"][step]
        node = node.get("items", node)
    return node


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (Config, ()),
        (Grant, ("grants",)),
        (RemediationGrant, ("grants", "remediation")),
        (OptOutTag, ("optOutTags",)),
        (Metrics, ("metrics",)),
        (LeaseTimes, ("lease",)),
    ],
)
def test_the_schema_knows_the_configuration_file(model: type[BaseModel], path: tuple[str, ...]) -> None:
    assert set(_schema(*path)["properties"]) == {field.alias for field in model.model_fields.values()}


def _keys(node: Any, schema: dict[str, Any], where: str = "") -> Iterator[str]:
    for key, value in node.items():
        properties = schema.get("properties")
        if properties is not None:
            is_known = key in properties or "additionalProperties" not in schema
            yield from [] if is_known else [f"{where}{key} is unknown"]
            if isinstance(value, dict) and key in properties:
                yield from _keys(value, properties[key], f"{where}{key}.")
    # Of labels and of Kubernetes' own objects the schema names some, which need no default.
    if schema.get("additionalProperties") is False and "patternProperties" not in schema:
        yield from (
            f"{where}{key} has no default" for key in schema.get("properties", {}).keys() - node.keys()
        )


def test_values_and_schema_name_the_same_things() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    # The configuration's defaults are the operator's; `global` is Helm's.
    del schema["properties"]["config"]["properties"], schema["properties"]["global"]
    assert list(_keys(values, schema)) == []
