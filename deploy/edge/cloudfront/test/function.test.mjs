import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const path = new URL("../function.js", import.meta.url);
const source = readFileSync(path, "utf8");
const code = source.replace(/^\s*\/\/.*$/gm, "");
// Neither require nor timers nor fetch nor process: what the function reaches for and has not is a ReferenceError.
const world = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
vm.runInContext(source, world, { filename: path.pathname });

// Calls the function as CloudFront does: with a copy of its own, within what a test run of 100 % of the CPU budget may last.
function call(event) {
  world.event = JSON.stringify(event);
  return JSON.parse(vm.runInContext("JSON.stringify(handler(JSON.parse(event)))", world, { timeout: 50 }));
}

function request(uri, { method = "GET", headers = {}, cookies = {}, querystring = {} } = {}) {
  const values = (map) => Object.fromEntries(Object.entries(map).map(([name, value]) => [name, { value }]));
  return { method, uri, headers: values(headers), cookies: values(cookies), querystring: values(querystring) };
}

function asked(...given) {
  return call({ version: "1.0", context: { eventType: "viewer-request", requestId: "unique" }, request: request(...given) });
}

function answered(response, ...given) {
  const context = { eventType: "viewer-response", requestId: "unique" };
  return call({ version: "1.0", context, request: request(...given), response });
}

for (const uri of ["/v1/agents", "/v1/agents/einstein", "/v1/shared/abc", "/v1/status", "/schema/openapi.json", "/docs"]) {
  test(`${uri} is shared by all who come without a sign`, () => {
    assert.equal(asked(uri).headers["x-edge-key"].value, "shared");
    assert.equal(asked(uri, { method: "HEAD" }).headers["x-edge-key"].value, "shared");
  });
}

for (const [what, uri, given] of [
  ["a token", "/v1/agents", { headers: { authorization: "Bearer one", "x-edge-key": "shared" } }],
  ["a sign-in cookie", "/v1/agents/a", { cookies: { ola_session: "s" } }],
  ["another method", "/v1/agents", { method: "POST" }],
  ["another path", "/v1/agents/a/b", {}],
]) {
  test(`a request with ${what} has a key of its own and goes on as it came`, () => {
    const odd = { ...given, querystring: { odd: "1" } };
    const expected = request(uri, { ...odd, headers: { ...odd.headers, "x-edge-key": "unique" } });
    assert.deepEqual(asked(uri, odd), expected);
  });
}

test("only known parameters are in the key, in one order, and a repeated one stays repeated", () => {
  const after = { value: "b", multiValue: [{ value: "a" }, { value: "b" }] };
  const given = request("/v1/agents", { querystring: { order: "asc", utm: "x", limit: "2" } });
  given.querystring.after = after;
  const { querystring } = call({ context: { eventType: "viewer-request" }, request: given });
  assert.deepEqual(Object.keys(querystring), ["after", "limit", "order"]);
  assert.deepEqual(querystring.after, after);
});

test("cookies that sign nobody in do not reach the origin", () => {
  assert.deepEqual(asked("/v1/agents", { cookies: { theme: "dark" } }).cookies, {});
});

for (const [accepted, expected] of [["gzip, BR;q=0.9, zstd;q=0", "br"], ["zstd, br", "zstd"], ["gzip", "gzip"], ["deflate", "identity"]]) {
  test(`"${accepted}" becomes ${expected}`, () => {
    const { headers } = asked("/v1/agents", { headers: { "accept-encoding": accepted } });
    assert.equal(headers["accept-encoding"].value, expected);
  });
}

test("who accepts no encoding at all gets identity", () => {
  assert.equal(asked("/v1/agents").headers["accept-encoding"].value, "identity");
});

test("no answer tells the client what is for the edge, and each keeps its request identifier", () => {
  const headers = { "cache-tag": { value: "agents" }, "surrogate-key": { value: "agents" }, "x-request-id": { value: "req_1" } };
  const response = { statusCode: 200, headers, cookies: { a: { value: "b" } } };
  const expected = { statusCode: 200, headers: { "x-request-id": { value: "req_1" } } };
  assert.deepEqual(answered(response, "/v1/agents"), { ...expected, cookies: {} });
  const somebodys = answered(response, "/v1/agents", { cookies: { ola_session: "s" } });
  assert.deepEqual(somebodys, { ...expected, cookies: response.cookies });
});

test("x-cache is left to CloudFront, which answers 502 when a function sets it", () => {
  assert.equal("x-cache" in answered({ statusCode: 200, headers: {}, cookies: {} }, "/v1/agents").headers, false);
  assert.doesNotMatch(code, /['"]x-cache['"]/);
});

test("it is small enough, and speaks only what runtime 2.0 understands", () => {
  assert.ok(Buffer.byteLength(source) <= 10_240);
  for (const unknown of [
    /\b(import|export|require|class|new Function|eval|async|await|setTimeout|setInterval|fetch|process)\b/,
    /\?\.|\?\?/, /\bfor\s*\([^)]* of /, /\b(const|let|var)\s*[{[]/, /\.\.\./, /=\s*\/\(\?</, /replaceAll|\.at\(|\.flat/,
  ]) assert.doesNotMatch(code, unknown);
});

test("it needs nothing from outside, and keeps nothing between two calls", () => {
  const before = JSON.stringify(asked("/v1/agents", { querystring: { limit: "2" } }));
  asked("/v1/agents", { querystring: { order: "asc" }, headers: { authorization: "Bearer one" } });
  assert.equal(JSON.stringify(asked("/v1/agents", { querystring: { limit: "2" } })), before);
});
