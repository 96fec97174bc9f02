"""What is in CloudWatch, as somebody else reads it there."""

import time
from typing import Any

import boto3

from sandbox.cloud import Cloud

Values = dict[tuple[str, ...], list[float]]
"""By the metric's name and the values of its dimensions: its points, the oldest first."""


def values(cloud: Cloud, account: str, namespace: str, *, region: str = "eu-west-1") -> Values:
    """Read all points of the last hour that an account has in a namespace.

    Moto does not tell namespaces apart where a metric has dimensions: take one account for each.
    """
    credentials = cloud.env_for(account)
    client = boto3.client(
        "cloudwatch",
        region_name=region,
        endpoint_url=cloud.moto_url,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
    )
    known = list(client.get_paginator("list_metrics").paginate(Namespace=namespace).search("Metrics"))
    metrics = [metric for metric in known if metric is not None]
    found = Values()
    for metric in metrics:
        found[metric["MetricName"], *(each["Value"] for each in metric["Dimensions"])] = _points(
            client, metric
        )
    return found


def _points(client: Any, metric: dict[str, Any]) -> list[float]:
    metric = {name: metric[name] for name in ("Namespace", "MetricName", "Dimensions")}
    answer = client.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}],
        StartTime=time.time() - 3600,
        EndTime=time.time() + 120,
        ScanBy="TimestampAscending",
    )
    return list(answer["MetricDataResults"][0]["Values"])
