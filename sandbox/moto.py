"""moto server on loopback: the cloud for everything but Security Hub.

Before it stand a gate that has calls fail on request, an STS that refuses, and the calls that moto does not
carry.
"""

import json
import sys
from threading import Thread
from typing import IO

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.utilities import utils
from werkzeug.serving import make_server

from sandbox.securityhub.catalogue import PARTITIONS


def _know_partitions() -> None:
    """Teach moto the partitions that it does not know; before any service of it is loaded."""
    utils.PARTITION_NAMES.extend(sorted(set(PARTITIONS.values()) - set(utils.PARTITION_NAMES)))
    utils.REGION_PREFIX_TO_PARTITION.update(PARTITIONS)
    utils.ARN_PARTITION_REGEX = rf"^arn:({'|'.join(utils.PARTITION_NAMES)})"


def serve(stdin: IO[bytes]) -> None:
    """Serve on a free port until `stdin` ends. Prints `{"url": …}` when it listens."""
    _know_partitions()
    # These load services of moto.
    from sandbox.call_gate import CallGate  # noqa: PLC0415 - not before moto knows the partitions
    from sandbox.services.gate import ServiceGate  # noqa: PLC0415 - as above
    from sandbox.sts_gate import StsGate  # noqa: PLC0415 - as above

    gate = CallGate(StsGate(ServiceGate(DomainDispatcherApplication(create_backend_app))))
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=MotoRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    stdin.read()
    server.shutdown()


if __name__ == "__main__":
    serve(sys.stdin.buffer)
