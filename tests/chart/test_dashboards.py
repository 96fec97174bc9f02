"""The dashboards of the chart: ConfigMaps that Grafana's sidecar takes, with what is generated in them."""

from deploy.grafana.generate import PLAIN
from tests.chart.conftest import NAMESPACE, ROOT, Render, kinds


def test_there_are_none_unless_wanted(render: Render) -> None:
    assert "ConfigMap" not in kinds(render())


def test_each_dashboard_is_there_as_it_was_generated(render: Render) -> None:
    found = kinds(render(grafanaDashboard={"enabled": True}))["ConfigMap"]
    texts = {name: text for each in found for name, text in each["data"].items()}
    assert texts == {path.name: path.read_text() for path in (ROOT / PLAIN).glob("*.json")}
    assert len(found) == len({each["metadata"]["name"] for each in found}) == 5
    for each in found:
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert each["metadata"]["namespace"] == NAMESPACE
        assert "annotations" not in each["metadata"]


def test_the_sidecar_knows_them_by_its_own_label(render: Render) -> None:
    values = {
        "enabled": True,
        "sidecarLabel": "dashboards",
        "sidecarLabelValue": "yes",
        "annotations": {"grafana_folder": "Security"},
        "extraLabels": {"team": "security", "dashboards": "no"},
    }
    for each in kinds(render(grafanaDashboard=values))["ConfigMap"]:
        assert each["metadata"]["labels"].items() >= {("dashboards", "yes"), ("team", "security")}
        assert each["metadata"]["annotations"] == {"grafana_folder": "Security"}


def test_there_is_no_resource_of_grafana_operator_unless_wanted(render: Render) -> None:
    assert "GrafanaDashboard" not in kinds(render(grafanaDashboard={"enabled": True}))
    assert "GrafanaDashboard" not in kinds(render(grafanaDashboard={"grafanaOperator": {"enabled": True}}))


def test_grafana_operator_is_shown_the_config_map_of_each(render: Render) -> None:
    wanted = {
        "enabled": True,
        "instanceSelector": {"matchLabels": {"dashboards": "security"}},
        "allowCrossNamespaceImport": False,
        "folder": "Security",
    }
    found = kinds(render(grafanaDashboard={"enabled": True, "grafanaOperator": wanted}))
    keys = {(each["metadata"]["name"], key) for each in found["ConfigMap"] for key in each["data"]}
    shown = found["GrafanaDashboard"]
    assert {
        (each["spec"]["configMapRef"]["name"], each["spec"]["configMapRef"]["key"]) for each in shown
    } == keys
    assert len(shown) == len({each["metadata"]["name"] for each in shown}) == len(keys)
    for each in shown:
        assert each["apiVersion"] == "grafana.integreatly.org/v1beta1"
        assert each["metadata"]["namespace"] == NAMESPACE
        assert each["spec"]["instanceSelector"] == {"matchLabels": {"dashboards": "security"}}
        assert each["spec"]["allowCrossNamespaceImport"] is False
        assert each["spec"]["folder"] == "Security"


def test_without_more_grafana_operator_takes_them_to_grafanas_with_its_customary_label(
    render: Render,
) -> None:
    given = {"enabled": True, "grafanaOperator": {"enabled": True}}
    for each in kinds(render(grafanaDashboard=given))["GrafanaDashboard"]:
        assert each["spec"]["instanceSelector"] == {"matchLabels": {"dashboards": "grafana"}}
        assert each["spec"]["allowCrossNamespaceImport"] is True
        assert "folder" not in each["spec"]
