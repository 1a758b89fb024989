"""An in-place update that arrives while the first config of its service is still being written down."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.anyscale_emulator import PATIENCE_S, AnyscaleEmulator, eventually


@pytest.fixture
def slow_package():
    """The url of a package that arrives only when it may; two events say when it was asked for, and when it may."""
    asked, may_arrive = threading.Event(), threading.Event()

    class Packages(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            may_arrive.wait(PATIENCE_S)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments):
            """Tests' output is for failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Packages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/slow.zip", asked, may_arrive
    may_arrive.set()
    server.shutdown()
    thread.join()
    server.server_close()


def body(emulator, word, working_dir=None):
    cloud = emulator.call("GET", "/ext/v0/clouds/default")["result"]["id"]
    compute_config = emulator.call("GET", f"/ext/v0/cluster_computes/default?cloud_id={cloud}")["result"]["id"]
    build = emulator.call("GET", "/ext/v0/cluster_environment_builds/default?ray_version=2.44.1")["result"]["id"]
    runtime_env = {"working_dir": working_dir} if working_dir else {}
    application = {"import_path": "no_such_module:app", "args": {"word": word}, "runtime_env": runtime_env}
    config = {
        "build_id": build,
        "compute_config_id": compute_config,
        "ray_serve_config": {"applications": [application]},
    }
    return {"name": "raced", "rollout_strategy": "IN_PLACE", **config}


def test_the_newer_config_stays(tmp_path, slow_package):
    url, asked, may_arrive = slow_package
    emulator = AnyscaleEmulator(tmp_path / "data").start()
    try:
        service = emulator.call("PUT", "/api/v2/services-v2/apply", body(emulator, "first", url))["result"]
        assert asked.wait(PATIENCE_S)
        with ThreadPoolExecutor(1) as pool:
            update = pool.submit(emulator.call, "PUT", "/api/v2/services-v2/apply", body(emulator, "second"))
            with suppress(NotYet):  # it may wait for its turn, or not
                update.result(timeout=1)
            may_arrive.set()
            update.result(timeout=PATIENCE_S)
        version = eventually(lambda: (found := emulator.service(service["id"])["versions"][0])["pid"] and found)
        written = json.loads((tmp_path / "data" / "services" / version["id"] / "deploy.json").read_text())
        assert (written["generation"], version["generation"]) == (2, 2)
        assert written["config"]["applications"][0]["args"] == {"word": "second"}
        emulator.call("POST", f"/api/v2/services-v2/{service['id']}/terminate")
        eventually(lambda: emulator.service(service["id"])["current_state"] == "TERMINATED")
    finally:
        emulator.stop()
