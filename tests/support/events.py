"""A queue in moto's SQS, filled by the emulator or by hand, and how a hub's listening is waited for."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from posture.hubs.demand import Demand
from posture.hubs.hub import Hub
from posture.sources.base import EventOutcome
from sandbox.cloud import Cloud
from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.events import EventsRequest
from tests.support.hubs.living import SOON, demand
from tests.support.hubs.world import ADMINISTRATOR, REGION

READER = f"arn:aws:iam::{ADMINISTRATOR}:role/posture-reader"


class Sqs:
    """One queue. `url` is as SQS gives it in AWS; moto knows it by that too."""

    def __init__(self, cloud: Cloud, emulator: Emulator, name: str) -> None:
        self.name = name
        self.url = f"https://sqs.{REGION}.amazonaws.com/{ADMINISTRATOR}/{name}"
        self._cloud = cloud
        self._emulator = emulator
        environment = cloud.env_for(ADMINISTRATOR, REGION)
        self.client: Any = boto3.client(
            "sqs",
            endpoint_url=cloud.moto_url,
            region_name=REGION,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment["AWS_SESSION_TOKEN"],
        )
        self.create()

    def create(self) -> None:
        # What is received and not deleted is to come again within a test.
        self.client.create_queue(QueueName=self.name, Attributes={"VisibilityTimeout": "1"})

    def delete(self) -> None:
        self.client.delete_queue(QueueUrl=self.url)

    def tell(self, **asked: Any) -> None:
        """Have the emulator tell its events to this queue."""
        key = self._cloud.env_for(ADMINISTRATOR, REGION)["AWS_ACCESS_KEY_ID"]
        self._emulator.events.tell(
            EventsRequest(
                ADMINISTRATOR, REGION, url=self._cloud.moto_url, queue=self.url, access_key=key, **asked
            )
        )

    def put(self, *bodies: Mapping[str, Any] | str) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.client.send_message(QueueUrl=self.url, MessageBody=text)

    def left(self) -> int:
        """How many messages there are, those on their way to somebody too."""
        attributes = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )


def event(finding: Mapping[str, Any], time: str, **envelope: Any) -> dict[str, Any]:
    """An event of a finding as Security Hub sends it; `time` in whole seconds."""
    return {
        "version": "0",
        "id": "8e5622f9-d81c-4d81-612a-9319e7ee2506",
        "detail-type": "Security Hub Findings - Imported",
        "source": "aws.securityhub",
        "account": ADMINISTRATOR,
        "time": time,
        "region": REGION,
        "resources": [f"{finding['ProductArn']}/{finding['Id']}"],
        "detail": {"findings": [finding]},
        **envelope,
    }


def listening(url: str, **wanted: Any) -> Demand:
    return demand(**wanted)._replace(queue=url)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody is told of: counters, and a queue's."""
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


def outcomes(hub: Hub) -> dict[str, int]:
    return {each.value: hub.listening.outcomes[each] for each in EventOutcome if hub.listening.outcomes[each]}
