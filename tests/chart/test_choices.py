"""What a cluster or a company may need otherwise: OpenShift, egress, monitors, its configuration, roles."""

from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Helm, Manifest, Render, kinds

ON = {"enabled": True}


def pod_of(manifests: list[Manifest]) -> Manifest:
    (stateful_set,) = kinds(manifests)["StatefulSet"]
    spec: Manifest = stateful_set["spec"]["template"]["spec"]
    return spec


def test_a_release_without_an_image_says_how_to_name_one(helm: Helm) -> None:
    done = helm("template", "posture", str(CHART), values={"image": {"repository": ""}}, check=False)
    assert done.returncode != 0
    assert "image.repository is required" in done.stderr
    assert "--set image.repository=" in done.stderr


@pytest.mark.parametrize(
    ("adapt", "served", "fixed"),
    [
        (None, False, True),
        (None, True, False),
        ("auto", True, False),
        ("force", False, False),
        ("disabled", True, True),
    ],
)
def test_openshift_chooses_user_and_groups_itself(
    helm: Helm, adapt: str | None, *, fixed: bool, served: bool
) -> None:
    values: dict[str, Any] = {"crds": {"install": False}, "securityContext": {"runAsUser": 7}}
    if adapt is not None:
        values["global"] = {"compatibility": {"openshift": {"adaptSecurityContext": adapt}}}
    apis = ["--api-versions", "security.openshift.io/v1"] if served else []
    done = helm("template", "posture", str(CHART), *apis, values=values)
    pod = pod_of([each for each in yaml.safe_load_all(done.stdout) if each])
    context, (container,) = pod["securityContext"], pod["containers"]
    chosen = {"runAsUser", "runAsGroup", "fsGroup"}
    assert context.keys() & chosen == (chosen if fixed else set())
    assert ("runAsUser" in container["securityContext"]) is fixed
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_what_goes_out_is_let_out_by_name(render: Render) -> None:
    (open_policy,) = kinds(render(networkPolicy=ON))["NetworkPolicy"]
    assert open_policy["spec"]["policyTypes"] == ["Ingress"]
    assert "egress" not in open_policy["spec"]
    proxy = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 3128}]}
    egress = {"enabled": True, "ports": [443], "extra": [proxy]}
    (policy,) = kinds(render(networkPolicy={"enabled": True, "egress": egress}))["NetworkPolicy"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    names, api, credentials, extra = policy["spec"]["egress"]
    assert {(each["port"], each["protocol"]) for each in names["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert api == {"ports": [{"port": 443}]}
    assert {each["ipBlock"]["cidr"] for each in credentials["to"]} == {
        "169.254.170.23/32", "169.254.169.254/32", "fd00:ec2::23/128",
    }  # fmt: skip
    assert extra == proxy


@pytest.mark.parametrize(
    ("value", "kind"), [("serviceMonitor", "ServiceMonitor"), ("podMonitor", "PodMonitor")]
)
def test_a_monitor_is_where_and_as_it_is_wanted(render: Render, value: str, kind: str) -> None:
    keep = {"sourceLabels": ["__name__"], "regex": "posture_.*", "action": "keep"}
    given = {
        "enabled": True,
        "namespace": "monitoring",
        "annotations": {"a": "b"},
        "labels": {"release": "x"},
        "metricRelabelings": [keep],
        "relabelings": [{"targetLabel": "cluster", "replacement": "prod"}],
    }
    (monitor,) = kinds(render(**{value: given}))[kind]
    assert monitor["metadata"]["namespace"] == "monitoring"
    assert monitor["metadata"]["annotations"] == {"a": "b"}
    assert monitor["metadata"]["labels"]["release"] == "x"
    spec = monitor["spec"]
    assert spec["namespaceSelector"] == {"matchNames": ["posture"]}
    (endpoint,) = spec["endpoints" if value == "serviceMonitor" else "podMetricsEndpoints"]
    assert endpoint["honorLabels"] is True
    assert endpoint["metricRelabelings"] == [keep]
    assert endpoint["relabelings"] == [{"targetLabel": "cluster", "replacement": "prod"}]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"serviceMonitor": ON, "podMonitor": ON}, "enable one of them"),
        ({"podMonitor": {"interval": "10s", "scrapeTimeout": "1m"}}, "podMonitor: scrapeTimeout"),
        ({"existingConfigMap": "a", "existingSecret": "b"}, "the configuration is in one of them"),
        ({"existingConfigMap": "a", "config": {"writes": "Frozen"}}, "config: it would not be read"),
        ({"existingSecret": "a", "config": {"writes": "Frozen"}}, "config: it would not be read"),
        ({"existingConfigMap": "A"}, "existingConfigMap"),
        ({"extraContainers": [{"name": "posture", "image": "a"}]}, "extraContainers"),
        ({"extraArgs": ["run"]}, "extraArgs"),
        ({"admissionPolicies": {"exceptions": {"maxAge": "90d"}}}, "maxAge"),
        ({"networkPolicy": {"egress": {"ports": [0]}}}, "egress"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(helm: Helm, given: dict[str, Any], says: str) -> None:
    done = helm("template", "posture", str(CHART), values=given, check=False)
    assert done.returncode != 0
    assert says in done.stderr


@pytest.mark.parametrize("name", ["posture-grants", "012345670123"])
def test_a_configuration_of_somebody_else_is_mounted(render: Render, name: str) -> None:
    for value, source in (
        ("existingConfigMap", {"configMap": {"name": name}}),
        ("existingSecret", {"secret": {"secretName": name}}),
    ):
        manifests = render(**{value: name})
        assert "Secret" not in kinds(manifests)
        volumes = {each["name"]: each for each in pod_of(manifests)["volumes"]}
        assert volumes["config"] == {"name": "config", **source}


def test_people_have_roles_that_kubernetes_own_ones_take_in_by_choice(render: Render) -> None:
    prefix = "rbac.authorization.k8s.io/aggregate-to-"

    def aggregated(**choice: bool) -> dict[str, set[str]]:
        found = kinds(render(rbac={"aggregate": choice}))["ClusterRole"]
        return {
            each["metadata"]["name"].removeprefix("posture-posture-operator"): {
                label.removeprefix(prefix) for label in each["metadata"]["labels"] if label.startswith(prefix)
            }
            for each in found
        }

    assert aggregated() == {"": set(), "-remediation-approver": set(), "-author": set(), "-auditor": {"view"}}
    assert aggregated(view=False, edit=True, admin=True)["-author"] == {"edit", "admin"}
    assert aggregated(view=False)["-auditor"] == set()
    roles = {each["metadata"]["name"]: each["rules"] for each in kinds(render())["ClusterRole"]}
    for each in roles["posture-posture-operator-auditor"]:
        assert set(each["verbs"]) == {"get", "list", "watch"}
    written = [each for each in roles["posture-posture-operator-author"] if "create" in each["verbs"]]
    assert [set(each["resources"]) for each in written] == [
        {"posturetargets", "suppressionpolicies", "remediationrules"}
    ]


def test_what_else_a_pod_may_need(render: Render) -> None:
    beside = {"name": "proxy", "image": "registry.example.com/proxy:1"}
    manifests = render(
        commonLabels={"team": "security"},
        extraArgs=["--quiet"],
        extraContainers=[beside],
        extraInitContainers=[beside],
        extraObjects=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}}],
        hostAliases=[{"ip": "10.0.0.1", "hostnames": ["aws.internal"]}],
        dnsPolicy="None",
        dnsConfig={"nameservers": ["10.0.0.2"]},
        service={"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"]},
        serviceAccount={"labels": {"azure": "no"}},
        podDisruptionBudget={"enabled": True, "minAvailable": 0},
        persistence={"retention": {"whenDeleted": "Delete"}},
    )
    found, pod = kinds(manifests), pod_of(manifests)
    first, second = pod["containers"]
    assert (first["name"], second, pod["initContainers"]) == ("posture", beside, [beside])
    assert first["args"][-1] == "--quiet"
    assert [each["metadata"]["name"] for each in found["ConfigMap"]] == ["more"]
    assert (pod["dnsPolicy"], pod["dnsConfig"]) == ("None", {"nameservers": ["10.0.0.2"]})
    assert pod["hostAliases"] == [{"ip": "10.0.0.1", "hostnames": ["aws.internal"]}]
    assert found["Service"][0]["spec"]["ipFamilies"] == ["IPv6", "IPv4"]
    assert found["ServiceAccount"][0]["metadata"]["labels"]["azure"] == "no"
    budget = found["PodDisruptionBudget"][0]["spec"]
    assert (budget["minAvailable"], "maxUnavailable" in budget) == (0, False)
    kept = found["StatefulSet"][0]["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert kept == {"whenDeleted": "Delete"}
    ours = [each for each in manifests if each["metadata"]["name"] != "more"]
    assert all(each["metadata"]["labels"]["team"] == "security" for each in ours)
