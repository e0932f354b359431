"""The profile for Kubernetes: it is parsed, and a dry run passes, without a cluster."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

import pytest

from .conftest import ROOT, copy_workflow

PLUGINS = ("snakemake_executor_plugin_kubernetes", "snakemake_storage_plugin_s3")
BUCKET = "ecosobriety"

pytestmark = pytest.mark.skipif(
    any(find_spec(plugin) is None for plugin in PLUGINS),
    reason="the plugins are not installed: pip install -r profiles/kubernetes/requirements.txt",
)


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as a dry run asks: a bucket with this repository's files, and no results."""

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult/>')

    def _answer(self, body: bytes) -> None:
        key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")
        file = ROOT / key
        self.send_response(200 if file.exists() else 404)
        if file.is_file():
            self.send_header("Last-Modified", self.date_time_string(file.stat().st_mtime))
            self.send_header("Content-Length", str(file.stat().st_size))
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint():
    http = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


def test_a_dry_run_plans_the_study_for_pods(endpoint, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("NO_PROXY", os.environ.get("NO_PROXY", "") + ",127.0.0.1")
    workflow = copy_workflow(tmp_path)
    plan = workflow.snakemake(
        *("--profile", "profiles/kubernetes", "--storage-s3-endpoint-url", endpoint, "--dry-run"),
    )
    told = plan.stdout + plan.stderr
    assert "train_model" in told
    assert f"s3://{BUCKET}/results/digits/runs/digits/mlp/n200/seed1.json" in told
