"""The audit of dependencies in `make check`, against a service on loopback that knows what the test says."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from scripts.audit_dependencies import findings

ROOT = Path(__file__).parents[3]


@contextmanager
def service(vulnerable: str, version: str) -> Iterator[str]:
    """Serve what OSV would say, were this release vulnerable and no other."""

    class Osv(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            package = {"name": vulnerable, "ecosystem": "PyPI"}
            known = {"id": "GHSA-test", "aliases": ["CVE-2026-1"], "affected": [{"package": package, "versions": [version]}]}
            known |= {"summary": "bad", "modified": "2026-01-01T00:00:00Z"}
            body = json.dumps({"vulns": [known]} if asked["package"]["name"] == vulnerable else {}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def audit(url: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "AUDIT_OSV_URL": url}
    command = [sys.executable, "-m", "scripts.audit_dependencies"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_a_vulnerable_dependency_fails_the_check_and_is_named() -> None:
    name, _, version = (ROOT / "requirements.lock").read_text().split(" ", 1)[0].partition("==")
    with service(name, version) as url:
        ended = audit(url)
    assert f"{name} {version}: CVE-2026-1" in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode == 1


def test_a_service_that_is_away_is_told_in_a_line_and_fails_nothing() -> None:
    ended = audit("http://127.0.0.1:9/v1/query")
    assert "Python dependencies were NOT audited" in ended.stdout
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_is_accepted_is_passed_over_by_any_of_its_names() -> None:
    known = [{"name": "a", "version": "1", "vulns": [{"id": "GHSA-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}]}]
    assert list(findings(known, {})) == ["a 1: GHSA-1, mended in 2"]
    assert list(findings(known, {"CVE-1": "We do not call it."})) == list(findings(known, {"GHSA-1": "Likewise."})) == []
