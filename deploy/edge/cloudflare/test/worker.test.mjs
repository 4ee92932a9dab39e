import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import worker from "../worker.mjs";
import { Runtime } from "./runtime.mjs";

const SHARED = "public, max-age=0, s-maxage=60, stale-while-revalidate=30, stale-if-error=600";
const HOST = "https://api.example.com";
let runtime, origin, seconds;

// Counts its answers, and says in each what it was asked for.
class Origin {
  constructor() {
    Object.assign(this, { asked: [], headers: {}, status: 200, away: false });
  }

  answer = async (request) => {
    if (this.away) throw new Error("connection refused");
    this.asked.push(request);
    const headers = { "cache-control": SHARED, "cache-tag": "agents,agent:a", "surrogate-key": "agents", etag: 'W/"one"' };
    const own = { ...headers, "x-request-id": `req_${this.asked.length}`, ...this.headers };
    if (request.headers.get("if-none-match") === own.etag) return new Response(null, { status: 304, headers: own });
    const text = `answer ${this.asked.length}${request.headers.get("accept-encoding") === "gzip" ? " in gzip" : ""}`;
    return new Response(text, { status: this.status, headers: own });
  };
}

beforeEach(() => {
  [origin, seconds] = [new Origin(), 0];
  const started = Date.UTC(2026, 0, 1);
  Date.now = () => started + seconds * 1000;
  runtime = new Runtime(origin.answer, () => Date.now()).install();
});

async function get(path, headers = {}, method = "GET") {
  const response = await runtime.ask(worker, new Request(HOST + path, { headers, method }));
  return { state: response.headers.get("x-cache"), text: await response.text(), response };
}

async function answered(path, headers, method) {
  const answer = await get(path, headers, method);
  await runtime.settled();
  return answer;
}

for (const path of ["/v1/agents", "/v1/agents/einstein", "/v1/shared/abc", "/v1/status", "/schema/openapi.json", "/docs"]) {
  test(`${path} is asked of the origin once`, async () => {
    assert.equal((await answered(path)).state, "miss");
    const { state, text } = await answered(path);
    assert.deepEqual([state, text, origin.asked.length], ["hit", "answer 1", 1]);
  });
}

const OTHERS = ["/v1/sessions", "/v1/agents/a/b", "/v1/agents/", "/v1/shared", "/v1/users/me/agents", "/docs/x", "/V1/agents", "//v1/agents"];
for (const path of OTHERS) {
  test(`${path} always goes to the origin`, async () => {
    await answered(path);
    assert.deepEqual([(await answered(path)).state, origin.asked.length], ["bypass", 2]);
  });
}

for (const [who, headers] of [["a token", { authorization: "Bearer one" }], ["a sign-in cookie", { cookie: "a=b; ola_session=s" }]]) {
  test(`who comes with ${who} is never answered at the edge, and what he gets is kept for nobody`, async () => {
    const encoding = { "accept-encoding": "br" };
    await answered("/v1/agents", { ...encoding, ...headers });
    assert.equal((await answered("/v1/agents", encoding)).text, "answer 2");
    const { state, text } = await answered("/v1/agents", { ...encoding, ...headers });
    assert.deepEqual([state, text], ["bypass", "answer 3"]);
    seconds = 70;
    assert.equal((await answered("/v1/agents", encoding)).text, "answer 2");
  });

  test(`${who} reaches the origin as it came`, async () => {
    await answered("/v1/agents/a?odd=1", headers);
    const [[name, value]] = Object.entries(headers);
    assert.equal(origin.asked[0].headers.get(name), value);
    assert.equal(origin.asked[0].url, `${HOST}/v1/agents/a?odd=1`);
  });
}

test("a cookie that signs nobody in does not matter, and does not reach the origin", async () => {
  await answered("/v1/agents", { cookie: "theme=dark; not_ola_session=1" });
  assert.equal((await answered("/v1/agents")).state, "hit");
  assert.equal(origin.asked[0].headers.get("cookie"), null);
});

test("other methods go to the origin with their body", async () => {
  const request = new Request(`${HOST}/v1/agents`, { method: "POST", body: "{}", headers: { "idempotency-key": "k" } });
  const response = await runtime.ask(worker, request);
  assert.equal(response.headers.get("x-cache"), "bypass");
  assert.deepEqual([origin.asked[0].method, await origin.asked[0].text()], ["POST", "{}"]);
  assert.equal(origin.asked[0].headers.get("idempotency-key"), "k");
});

test("known parameters are one key whatever their order, and unknown ones are no part of it", async () => {
  await answered("/v1/agents?order=asc&limit=2&utm=x");
  assert.equal((await answered("/v1/agents?limit=2&fbclid=y&order=asc")).state, "hit");
  assert.equal(origin.asked[0].url, `${HOST}/v1/agents?limit=2&order=asc`);
  assert.equal((await answered("/v1/agents?limit=3&order=asc")).state, "miss");
});

test("encodings are one key when they mean the same, and different keys otherwise", async () => {
  for (const value of ["gzip, br;q=0.9, zstd;q=0", "br", "BR, deflate"]) await answered("/v1/agents", { "accept-encoding": value });
  assert.deepEqual(origin.asked.map((request) => request.headers.get("accept-encoding")), ["br"]);
  for (const value of ["zstd, br", "gzip", "deflate"]) await answered("/v1/agents", { "accept-encoding": value });
  assert.deepEqual(origin.asked.map((request) => request.headers.get("accept-encoding")), ["br", "zstd", "gzip", "identity"]);
});

test("what Cloudflare says of the visitor's encodings counts more than the header that it put in their place", async () => {
  const request = new Request(`${HOST}/v1/agents`, { headers: { "accept-encoding": "gzip, br" } });
  await runtime.ask(worker, Object.defineProperty(request, "cf", { value: { clientAcceptEncoding: "gzip" } }));
  assert.equal(origin.asked[0].headers.get("accept-encoding"), "gzip");
});

test("stale is served at once while it is asked for again in the background", async () => {
  await answered("/v1/agents");
  seconds = 61;
  let goOn;
  runtime.origin = async (request) => { await new Promise((resolve) => (goOn = resolve)); return origin.answer(request); };
  const before = await get("/v1/agents");
  assert.deepEqual([before.state, before.text, origin.asked.length], ["stale", "answer 1", 1]);
  goOn();
  await runtime.settled();
  const after = await answered("/v1/agents");
  assert.deepEqual([after.state, after.text, origin.asked.length], ["hit", "answer 2", 2]);
});

test("a data center that another one filled has a copy of its own, as old as the answer is", async () => {
  await answered("/v1/agents");
  runtime.named.clear();
  seconds = 40;
  assert.equal((await answered("/v1/agents")).state, "hit");
  seconds = 61;
  assert.deepEqual((await get("/v1/agents")).response.headers.get("age"), "61");
  await runtime.settled();
  assert.equal((await answered("/v1/agents")).text, "answer 2");
});

test("an old copy is renewed by what another data center has brought meanwhile", async () => {
  await answered("/v1/agents");
  const old = new Map(runtime.cache("onelast-stale").entries);
  seconds = 61;
  await answered("/v1/agents");
  Object.assign(runtime.cache("onelast-stale"), { entries: old });
  assert.equal((await answered("/v1/agents")).state, "stale");
  const { state, text } = await answered("/v1/agents");
  assert.deepEqual([state, text, origin.asked.length], ["hit", "answer 2", 2]);
});

test("what is too old to be served stale is asked for first", async () => {
  await answered("/v1/agents");
  seconds = 91;
  const { state, text } = await answered("/v1/agents");
  assert.deepEqual([state, text], ["miss", "answer 2"]);
});

for (const [how, break_] of [["away", () => (origin.away = true)], ["broken", () => (origin.status = 503)]]) {
  test(`an origin that is ${how} leaves stale answers until their time is over`, async () => {
    await answered("/v1/agents");
    break_();
    seconds = 659;
    const { state, text, response } = await answered("/v1/agents");
    assert.deepEqual([state, text, response.status], ["stale", "answer 1", 200]);
    assert.equal(response.headers.get("age"), "659");
    seconds = 661;
    assert.ok((await answered("/v1/agents")).response.status >= 500);
  });
}

for (const [what, headers] of [
  ["without stale directives", { "cache-control": "public, s-maxage=60" }],
  ["with must-revalidate", { "cache-control": `${SHARED}, must-revalidate` }],
  ["which varies by more than the encoding", { vary: "accept-encoding, accept-language" }],
]) {
  test(`an answer ${what} is never served stale`, async () => {
    origin.headers = headers;
    await answered("/v1/agents");
    [seconds, origin.away] = [61, true];
    assert.ok((await answered("/v1/agents")).response.status >= 500);
  });
}

test("a shared conversation is never served stale, for its link may be revoked", async () => {
  await answered("/v1/shared/abc");
  runtime.purgeTags("agents");
  origin.away = true;
  assert.ok((await answered("/v1/shared/abc")).response.status >= 500);
});

test("without stale-if-error a dead origin gets no help, purged or not", async () => {
  origin.headers = { "cache-control": "public, s-maxage=60, stale-while-revalidate=30" };
  await answered("/v1/agents");
  runtime.purgeTags("agents");
  origin.away = true;
  assert.ok((await answered("/v1/agents")).response.status >= 500);
});

test("what is served stale is in the encoding that was asked for", async () => {
  for (const encoding of ["br", "gzip"]) await answered("/v1/agents", { "accept-encoding": encoding });
  seconds = 61;
  assert.equal((await answered("/v1/agents", { "accept-encoding": "br" })).text, "answer 1");
  assert.equal((await answered("/v1/agents", { "accept-encoding": "gzip" })).text, "answer 2 in gzip");
});

for (const [what, headers] of [
  ["private", { "cache-control": "private, s-maxage=60, stale-if-error=600" }],
  ["no-store", { "cache-control": "no-store, max-age=60, stale-if-error=600" }],
  ["with Set-Cookie", { "set-cookie": "a=b" }],
]) {
  test(`what is ${what} is stored nowhere, and what was stored before it is forgotten`, async () => {
    await answered("/v1/agents");
    [seconds, origin.headers] = [91, headers];
    await answered("/v1/agents");
    const second = await answered("/v1/agents");
    assert.deepEqual([second.state, second.text], ["miss", "answer 3"]);
    origin.away = true;
    assert.ok((await answered("/v1/agents")).response.status >= 500);
  });
}

test("an agent that is public no more is forgotten", async () => {
  await answered("/v1/agents/a");
  runtime.purgeTags("agent:a");
  [origin.status, origin.headers] = [404, { "cache-control": "private, no-store" }];
  assert.equal((await answered("/v1/agents/a")).response.status, 404);
  origin.away = true;
  assert.ok((await answered("/v1/agents/a")).response.status >= 500);
});

test("a purge by tag brings the new answer, and leaves the old one for an origin that is away", async () => {
  await answered("/v1/agents");
  runtime.purgeTags("agents");
  origin.away = true;
  assert.deepEqual((await answered("/v1/agents")).state, "stale");
  origin.away = false;
  assert.deepEqual((await answered("/v1/agents")).text, "answer 2");
});

test("no answer tells the client what is for the edge, and each keeps its request identifier", async () => {
  await answered("/v1/agents");
  const fresh = await answered("/v1/agents");
  seconds = 61;
  const stale = await get("/v1/agents");
  const bypassed = await answered("/v1/sessions");
  for (const { response } of [fresh, stale, bypassed]) {
    const names = [...response.headers.keys()];
    assert.deepEqual(names.filter((name) => /cache-tag|surrogate|x-edge/.test(name)), []);
    assert.ok(response.headers.get("x-request-id").startsWith("req_"));
    assert.equal(response.headers.get("cache-control"), SHARED);
  }
});

test("HEAD is answered from what GET has brought", async () => {
  await answered("/v1/agents");
  const { state, text } = await answered("/v1/agents", {}, "HEAD");
  assert.deepEqual([state, text, origin.asked.length], ["hit", "", 1]);
});

test("who has the answer already gets 304, and never shortens what others get", async () => {
  const first = await answered("/v1/agents", { "if-none-match": 'W/"one"' });
  assert.deepEqual([first.response.status, first.text], [304, ""]);
  const others = await answered("/v1/agents");
  assert.deepEqual([others.state, others.text], ["hit", "answer 1"]);
  assert.equal((await answered("/v1/agents", { "if-none-match": '"two"' })).response.status, 200);
});

test("a visitor cannot make the edge ask again", async () => {
  await answered("/v1/agents");
  assert.equal((await answered("/v1/agents", { "cache-control": "no-cache", pragma: "no-cache" })).state, "hit");
});

test("an upgrade is handed through as it is", async () => {
  const response = await runtime.ask(worker, new Request(`${HOST}/v1/realtime`, { headers: { upgrade: "websocket" } }));
  assert.equal(response.status, 101);
  assert.ok(response.webSocket);
});

test("an event stream arrives piece by piece", async () => {
  let say;
  const body = new ReadableStream({ start: (controller) => void (say = controller) });
  runtime.origin = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
  const response = await runtime.ask(worker, new Request(`${HOST}/v1/runs/r/events`));
  const reader = response.body.getReader();
  say.enqueue(new TextEncoder().encode("data: 1\n\n"));
  assert.equal(new TextDecoder().decode((await reader.read()).value), "data: 1\n\n");
  say.close();
  assert.ok((await reader.read()).done);
});
