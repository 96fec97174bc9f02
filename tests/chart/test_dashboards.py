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
