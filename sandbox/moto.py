"""moto server on loopback: the cloud for everything but Security Hub, with an STS that refuses on request."""

import json
import sys
from threading import Thread
from typing import IO

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sandbox.sts_gate import StsGate


def serve(stdin: IO[bytes]) -> None:
    """Serve on a free port until `stdin` ends. Prints `{"url": …}` when it listens."""
    gate = StsGate(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=MotoRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    stdin.read()
    server.shutdown()


if __name__ == "__main__":
    serve(sys.stdin.buffer)
