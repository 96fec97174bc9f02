"""What Prometheus makes of the demo: scores as it answers, and the alerts that this project ships."""

from demo.scenes import say
from deploy.prometheus.generate import PLAIN
from sandbox import prometheus

_WORTH = "posture_target_score_ratio - posture_target_unsuppressed_score_ratio"
_NOT_SHOWN = {"alertname", "severity", "cluster"}


def show(address: str) -> None:
    """Print an answer of the Prometheus at this address, and the alerts of which the expression holds."""
    say(f"Prometheus at http://{address} says what the exceptions are worth: {_WORTH}")
    for labels, value in sorted(prometheus.query(address, _WORTH), key=lambda each: each[0]["target"]):
        print(f"{_written(labels)} {value:.4f}")
    say(f"Alerts of {PLAIN}: what is pending fires when it has held for as long as its rule says")
    for alert in sorted(
        prometheus.alerts(address), key=lambda each: (each.name, sorted(each.labels.items()))
    ):
        print(f"{alert.state:<8} {alert.labels['severity']:<9} {alert.name:<28} {alert.summary}")


def _written(labels: dict[str, str]) -> str:
    shown = (f'{name}="{value}"' for name, value in labels.items() if name not in _NOT_SHOWN)
    return f"{{{','.join(shown)}}}"
