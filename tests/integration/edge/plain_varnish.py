"""Varnish without rules of ours, or one that believes whatever the origin says about its answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.embedded.child import free_port
from tests.support.load_balancers import listens, path_of
from tests.support.processes import Program, running, until

# Looks into the cache whoever asks, and keeps whatever does not say no: only the origin's headers keep callers apart.
TRUSTING = """
sub vcl_recv {
    if (req.method == "GET" || req.method == "HEAD") { return (hash); }
    return (pass);
}
sub vcl_backend_response {
    if (beresp.http.Cache-Control ~ "(?i)private|no-store|no-cache") {
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
    }
    return (deliver);
}
"""
BUILTIN = ""
_TELLS_HITS = """sub vcl_deliver { if (obj.hits > 0) { set resp.http.x-cache = "hit"; } }"""


@asynccontextmanager
async def plain_varnish(origin: int, rules: str) -> AsyncIterator[int]:
    """Run Varnish before an origin on this port of loopback, and yield its own; answers from the cache say `x-cache: hit`."""
    port = free_port()
    with TemporaryDirectory(prefix="onelast-varnish-") as folder:
        vcl = Path(folder) / "rules.vcl"
        backend = f'backend origin {{ .host = "127.0.0.1"; .port = "{origin}"; }}'
        vcl.write_text(f"vcl 4.1;\n{backend}\n{rules}\n{_TELLS_HITS}")
        command = [path_of("varnishd"), "-j", "none", "-F", "-n", f"{folder}/work", "-f", str(vcl), "-a", f"127.0.0.1:{port}"]
        # Otherwise Varnish would deal with codings itself and never look at `Vary: Accept-Encoding`.
        options = ["-p", "http_gzip_support=off", "-s", "malloc,32m"]
        async with running(*command, *options) as program:
            await _ready(program, port)
            yield port


async def _ready(program: Program, port: int) -> None:
    async def ready() -> bool:
        assert program.running, program.out + program.err
        return await listens(port)

    await until(ready)
