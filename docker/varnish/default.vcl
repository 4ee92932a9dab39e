vcl 4.1;

# Varnish 7 (with varnish-modules, for xkey) in front of the nodes or of their load balancer: what everybody may read is answered
# here. Three words are put in before it is used, by
#
#   envsubst '$ONELAST_ORIGIN_HOST $ONELAST_ORIGIN_PORT $ONELAST_PURGERS' < default.vcl > /etc/varnish/default.vcl
#
#   ONELAST_ORIGIN_HOST, ONELAST_ORIGIN_PORT   where the application, or its load balancer, listens
#   ONELAST_PURGERS                            who may purge: "10.0.0.0"/8; "192.168.1.7";
#
# and varnishd itself needs the secret of purges in its environment, as the nodes and workers do, and leave to pass zstd and br on:
#
#   ONELAST_EDGE_TOKEN=… varnishd -f /etc/varnish/default.vcl -a :8080 -s malloc,256m -p http_gzip_support=off
#
# The rules are those of docs/reference/edge-rules.md. How old an answer may be is the application's to say: s-maxage,
# stale-while-revalidate (also since a purge), and stale-if-error, while the origin is away or fails.

import std;
import xkey;

backend origin {
    .host = "${ONELAST_ORIGIN_HOST}";
    .port = "${ONELAST_ORIGIN_PORT}";
    .connect_timeout = 2s;
    # A plain POST is silent until the reply is whole.
    .first_byte_timeout = 330s;
    .between_bytes_timeout = 60s;
    .probe = { .url = "/readyz"; .interval = 1s; .timeout = 1s; .window = 3; .threshold = 2; .initial = 2; }
}

acl purgers {
    ${ONELAST_PURGERS}
}

sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.x-edge-mode;
        unset req.http.x-edge-cache;
        unset req.http.x-edge-purged;
    }
    if (req.method == "PURGE") {
        call take_purge;
    }
    unset req.http.xkey-purge;
    unset req.http.x-purge-secret;
    if (!req.http.x-forwarded-proto) {
        set req.http.x-forwarded-proto = "http";
    }
    if (req.url ~ "^/metrics([/?]|$)") {
        return (synth(404));
    }
    if (req.http.upgrade ~ "(?i)websocket") {
        return (pipe);
    }
    # Over HTTP/2 nothing can be piped; what passes is not held up either.
    if (req.proto !~ "HTTP/2" && req.url ~ "^/v1/(runs/[^/?]+/events|ai-sdk/chat/[^/?]+/stream)(\?|$)") {
        return (pipe);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.url !~ "^/(v1/agents(/[^/?]+)?|v1/shared/[^/?]+|v1/status|schema/openapi\.json|docs)(\?|$)") {
        return (pass);
    }
    # Who is signed in may see more, and is answered by the application itself.
    if (req.http.authorization || req.http.cookie ~ "(^|;\s*)ola_session=") {
        return (pass);
    }
    unset req.http.cookie;
    call choose_parameters;
    call choose_coding;
    if (req.http.x-edge-mode == "fresh") {
        set req.grace = 0s;
    } elsif (req.http.x-edge-mode == "stale") {
        set req.grace = 24h;
    }
    return (hash);
}

sub take_purge {
    if (client.ip !~ purgers || !std.getenv("ONELAST_EDGE_TOKEN") || req.http.x-purge-secret != std.getenv("ONELAST_EDGE_TOKEN")) {
        return (synth(403));
    }
    if (!req.http.xkey-purge) {
        return (synth(400));
    }
    # A link that was revoked is not shown again, come what may; everything else is kept for when the origin is away.
    if (req.http.xkey-purge ~ "(^| )share:") {
        set req.http.x-edge-purged = xkey.purge(req.http.xkey-purge);
    } else {
        set req.http.x-edge-purged = xkey.softpurge(req.http.xkey-purge);
    }
    return (synth(200));
}

# What the application does not know makes no other answer.
sub choose_parameters {
    set req.url = regsub(req.url, "\?", "?&");
    set req.url = regsuball(req.url, "&(?!(after|before|limit|order)=)[^&]*", "");
    set req.url = regsub(req.url, "\?&?", "?");
    set req.url = std.querysort(regsub(req.url, "\?$", ""));
}

# One word, of those that the application offers, so that there are four variants of an answer at most.
sub choose_coding {
    set req.http.x-edge-codings = regsuball(req.http.accept-encoding, "(?i)[a-z*-]+\s*;\s*q=0(\.0*)?\s*(,|$)", "");
    if (req.http.x-edge-codings ~ "(?i)(^|[\s,])zstd\s*([;,]|$)") {
        set req.http.accept-encoding = "zstd";
    } elsif (req.http.x-edge-codings ~ "(?i)(^|[\s,])br\s*([;,]|$)") {
        set req.http.accept-encoding = "br";
    } elsif (req.http.x-edge-codings ~ "(?i)(^|[\s,])gzip\s*([;,]|$)") {
        set req.http.accept-encoding = "gzip";
    } else {
        unset req.http.accept-encoding;
    }
    unset req.http.x-edge-codings;
}

sub vcl_pipe {
    if (req.http.upgrade) {
        set bereq.http.upgrade = req.http.upgrade;
        set bereq.http.connection = req.http.connection;
    }
    return (pipe);
}

sub vcl_pass {
    set req.http.x-edge-cache = "bypass";
    return (fetch);
}

sub vcl_miss {
    set req.http.x-edge-cache = "miss";
    return (fetch);
}

sub vcl_hit {
    if (obj.ttl >= 0s) {
        set req.http.x-edge-cache = "hit";
        return (deliver);
    }
    # Out of date or purged. While this is delivered, one request fetches it anew in the background.
    if (req.http.x-edge-mode == "stale" || !std.healthy(req.backend_hint)
        || obj.ttl + std.duration(obj.http.x-edge-revalidate, 0s) > 0s) {
        set req.http.x-edge-cache = "stale";
        return (deliver);
    }
    # Too old to be shown while the origin lives: all who want it wait for one request.
    set req.http.x-edge-mode = "fresh";
    return (restart);
}

sub vcl_backend_fetch {
    if (bereq.method == "GET") {
        unset bereq.body;
    }
    return (fetch);
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (beresp.status >= 500) {
        call keep_the_old;
        call keep_nothing;
        return (deliver);
    }
    # What is gone takes the place of what was there, so that it is not shown again when the origin is away.
    if ((beresp.status == 404 || beresp.status == 410) && (bereq.is_bgfetch || bereq.http.x-edge-mode == "fresh")) {
        set beresp.ttl = 1s;
        set beresp.grace = 24h;
        return (deliver);
    }
    if (beresp.status != 200 || beresp.ttl <= 0s || beresp.http.set-cookie || beresp.http.vary ~ "(?i)\*|authorization|cookie"
        || beresp.http.cache-control !~ "(?i)\b(s-maxage|max-age)=" || beresp.http.cache-control ~ "(?i)\b(private|no-store|no-cache)\b") {
        set beresp.uncacheable = true;
        set beresp.ttl = 120s;
        return (deliver);
    }
    call keep_as_told;
    return (deliver);
}

# An answer would take the place of what is stored, be it a failure.
sub keep_the_old {
    if (bereq.is_bgfetch || bereq.http.x-edge-mode == "fresh") {
        return (abandon);
    }
}

sub keep_nothing {
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    set beresp.keep = 0s;
}

sub keep_as_told {
    set beresp.grace = 0s;
    set beresp.http.x-edge-revalidate = "0s";
    if (beresp.http.cache-control ~ "(?i)stale-while-revalidate=\d") {
        set beresp.http.x-edge-revalidate = regsub(beresp.http.cache-control, "(?i)^.*stale-while-revalidate=(\d+).*$", "\1s");
        set beresp.grace = std.duration(beresp.http.x-edge-revalidate, 0s);
    }
    if (std.duration(regsub(beresp.http.cache-control, "(?i)^.*stale-if-error=(\d+).*$", "\1s"), 0s) > beresp.grace) {
        set beresp.grace = std.duration(regsub(beresp.http.cache-control, "(?i)^.*stale-if-error=(\d+).*$", "\1s"), 0s);
    }
    if (beresp.grace > 24h) {
        set beresp.grace = 24h;
    }
}

sub vcl_backend_error {
    call keep_the_old;
    call keep_nothing;
    set beresp.http.content-type = "application/json";
    set beresp.http.cache-control = "private, no-store";
    set beresp.http.retry-after = "5";
    set beresp.http.x-request-id = bereq.xid;
    set beresp.body = {"{"error": {"type": "overloaded", "code": "overloaded", "message": "The service gives no answer now.","}
        + {" "param": null, "request_id": ""} + bereq.xid + {"" }}"};
    return (deliver);
}

sub vcl_deliver {
    unset resp.http.xkey;
    unset resp.http.x-edge-revalidate;
    unset resp.http.x-varnish;
    unset resp.http.via;
    set resp.http.x-cache = req.http.x-edge-cache;
    return (deliver);
}

sub vcl_synth {
    if (resp.status == 503 && req.http.x-edge-mode == "fresh") {
        set req.http.x-edge-mode = "stale";
        return (restart);
    }
    if (req.http.x-edge-purged) {
        set resp.http.x-purged = req.http.x-edge-purged;
    }
    set resp.http.content-type = "text/plain; charset=utf-8";
    set resp.http.cache-control = "private, no-store";
    set resp.body = "" + resp.status + " " + resp.reason;
    return (deliver);
}
