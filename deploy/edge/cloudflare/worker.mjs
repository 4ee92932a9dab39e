// The edge rules (docs/reference/edge-rules.md) as a Cloudflare Worker.
//
// What is fresh lies in Cloudflare's own cache, filled by fetch(): it is tiered, joins identical requests, and is purged by
// Cache-Tag on every plan. The origin's Cache-Tag never reaches a Worker, so what we stored ourselves could not be purged so.
// Only cacheEverything is set: cacheTtl would override `private` and cut Set-Cookie off, and cacheKey is for Enterprise.
// That cache takes s-maxage for proxy-revalidate and so never serves stale. The Cache API knows no stale directives either,
// but keeps a second copy as long as we say: it answers only while the first one is out of date or the origin is away.

const PUBLIC = /^\/(v1\/agents(\/[^/]+)?|v1\/shared\/[^/]+|v1\/status|schema\/openapi\.json|docs)$/;
const PARAMETERS = ["after", "before", "limit", "order"];
const PERSONAL = ["cookie", "range", "if-none-match", "if-modified-since", "cache-control", "pragma"];
const ENCODINGS = ["zstd", "br", "gzip"];
const FOR_THE_EDGE = ["cache-tag", "surrogate-key", "x-edge-stored", "x-edge-cache-control"];
const STATES = { HIT: "hit", REVALIDATED: "hit", STALE: "stale", UPDATING: "stale" };

export default {
  async fetch(request, _environment, context) {
    if (request.headers.has("upgrade")) return fetch(request);
    if (!isPublic(request)) return told(request, await fetch(request), "bypass");
    if (isSomebodys(request)) return told(request, await fetch(request, { cache: "no-store" }), "bypass");
    return answer(request, context);
  },
};

async function answer(request, context) {
  const shared = sharedForm(request);
  const copy = await keptCopy(shared);
  if (copy && copy.age > copy.lifetime && copy.serves("stale-while-revalidate")) {
    context.waitUntil(fromOrigin(shared, context, copy));
    return told(request, copy.response, "stale");
  }
  const response = await fromOrigin(shared, context, copy);
  if (response.status >= 500 && copy?.serves("stale-if-error")) return told(request, copy.response, "stale");
  return told(request, response, stateOf(response));
}

async function fromOrigin(shared, context, copy) {
  const response = await fetch(shared, { cf: { cacheEverything: true } }).catch(() => new Response(null, { status: 503 }));
  // A hit counts too where our copy is old or missing: another data center may have asked.
  // A link that was revoked is not shown again, come what may: of shared conversations no copy is kept that no purge can reach.
  if (new URL(shared.url).pathname.startsWith("/v1/shared/")) return response;
  const newer = stateOf(response) === "miss" || !copy || copy.age > copy.lifetime;
  if (newer && response.status < 500) context.waitUntil(keepCopy(shared, response.clone()));
  return response;
}

// --- requests

function isPublic(request) {
  return (request.method === "GET" || request.method === "HEAD") && PUBLIC.test(new URL(request.url).pathname);
}

function isSomebodys(request) {
  return request.headers.has("authorization") || /(^|;)\s*ola_session=/.test(request.headers.get("cookie") ?? "");
}

// One form for all who may get the same answer: nothing in it tells one visitor from another.
function sharedForm(request) {
  const url = new URL(request.url);
  const known = PARAMETERS.flatMap((name) => url.searchParams.getAll(name).map((value) => [name, value]));
  url.search = new URLSearchParams(known).toString();
  const headers = new Headers(request.headers);
  for (const name of PERSONAL) headers.delete(name);
  headers.set("accept-encoding", encodingOf(request));
  return new Request(url, { headers, redirect: "manual" });
}

// Cloudflare replaces the header by its own before a Worker sees it, and tells the visitor's in `cf`.
function encodingOf(request) {
  const accepted = (request.cf?.clientAcceptEncoding ?? request.headers.get("accept-encoding") ?? "").toLowerCase().split(",");
  const wanted = accepted.filter((item) => !/;\s*q=0(\.0*)?\s*$/.test(item)).map((item) => item.split(";")[0].trim());
  return ENCODINGS.find((encoding) => wanted.includes(encoding)) ?? "identity";
}

// --- answers

function told(request, response, state) {
  const unchanged = state !== "bypass" && response.status === 200 && matches(request, response.headers.get("etag"));
  const body = unchanged || request.method === "HEAD" ? null : response.body;
  const answered = new Response(body, unchanged ? { status: 304, headers: response.headers } : response);
  for (const name of FOR_THE_EDGE) answered.headers.delete(name);
  answered.headers.set("x-cache", state);
  return answered;
}

function matches(request, tag) {
  const plain = (text) => text.trim().replace(/^W\//, "");
  const asked = request.headers.get("if-none-match");
  return Boolean(asked && tag) && (asked.trim() === "*" || asked.split(",").map(plain).includes(plain(tag)));
}

function stateOf(response) {
  return STATES[response.headers.get("cf-cache-status")] ?? "miss";
}

// --- copies that may be served stale

async function keptCopy(shared) {
  const response = await (await copies()).match(keyOf(shared));
  if (!response) return undefined;
  const control = directives(response.headers.get("x-edge-cache-control"));
  const [lifetime, age] = [lifetimeOf(control), (Date.now() - Number(response.headers.get("x-edge-stored"))) / 1000];
  const restored = new Response(response.body, response);
  restored.headers.set("cache-control", response.headers.get("x-edge-cache-control"));
  restored.headers.set("age", String(Math.floor(age)));
  const serves = (directive) => control.has(directive) && age <= lifetime + Number(control.get(directive));
  return { response: restored, lifetime, age, serves };
}

async function keepCopy(shared, response) {
  const cache = await copies();
  const seconds = keptFor(response);
  if (seconds === 0) return cache.delete(keyOf(shared));
  const copy = new Response(response.body, response);
  copy.headers.set("x-edge-cache-control", response.headers.get("cache-control"));
  copy.headers.set("x-edge-stored", String(Date.now() - Number(response.headers.get("age") ?? 0) * 1000));
  copy.headers.set("cache-control", `public, max-age=${seconds}`);
  return cache.put(keyOf(shared), copy);
}

// How many seconds a copy can be of use; 0 for what must not be kept.
function keptFor(response) {
  const control = directives(response.headers.get("cache-control"));
  const forbidden = ["private", "no-store", "no-cache", "must-revalidate", "proxy-revalidate"].some((name) => control.has(name));
  const varies = !/^(\s*accept-encoding\s*)?$/i.test(response.headers.get("vary") ?? "");
  if (response.status !== 200 || forbidden || varies || response.headers.has("set-cookie")) return 0;
  const stale = Math.max(Number(control.get("stale-while-revalidate") ?? 0), Number(control.get("stale-if-error") ?? 0));
  return stale > 0 && lifetimeOf(control) > 0 ? lifetimeOf(control) + stale : 0;
}

function lifetimeOf(control) {
  return Number(control.get("s-maxage") ?? control.get("max-age") ?? 0);
}

function directives(header) {
  const pairs = (header ?? "").toLowerCase().split(",").map((item) => item.trim().split("="));
  return new Map(pairs.map(([name, value]) => [name, (value ?? "").replaceAll('"', "")]));
}

// Not `caches.default`: that is where fetch() stores, and a copy there would be taken for fresh.
function copies() {
  return caches.open("onelast-stale");
}

function keyOf(shared) {
  const url = new URL(shared.url);
  url.searchParams.set("accept-encoding", shared.headers.get("accept-encoding"));
  return new Request(url);
}
