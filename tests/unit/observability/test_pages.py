"""The pages about alerts and dashboards name files, values and alerts that there are."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.grafana.generate import DASHBOARDS
from deploy.prometheus.generate import GROUPS

DOCS = Path(__file__).parents[3] / "docs"
CHART = DOCS.parent / "deploy" / "helm" / "posture-operator"


@pytest.mark.parametrize("name", ["../README.md", "alerts.md", "dashboards.md", "runbooks/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    page = DOCS / name
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    assert targets
    assert [each for each in targets if not (page.parent / each).exists()] == []


def test_pictures_are_shown_with_words_for_those_who_do_not_see_them() -> None:
    shown = {
        path.name: " ".join(words.split())
        for name in ("../README.md", "dashboards.md")
        for words, path in (
            (words, DOCS / target)
            for words, target in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", (DOCS / name).read_text())
        )
    }
    assert shown.keys() == {path.name for path in (DOCS / "images").iterdir()}
    assert all(len(words) > 80 for words in shown.values())


def test_how_many_alerts_there_are_is_told_right() -> None:
    count = sum(len(group.alerts) for group in GROUPS)
    assert (DOCS / "alerts.md").read_text().startswith(f"# Alerts\n\n{count} alerts ")


def test_every_dashboard_is_on_the_page() -> None:
    text = (DOCS / "dashboards.md").read_text()
    assert all(f"({each.uid}.json)" in text.replace("../deploy/grafana/", "") for each in DASHBOARDS)


@pytest.mark.parametrize("name", ["alerts.md", "dashboards.md"])
def test_values_on_the_page_are_those_of_the_chart(name: str) -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        for section, values in yaml.safe_load(block).items():
            assert values.keys() <= defaults[section].keys()
