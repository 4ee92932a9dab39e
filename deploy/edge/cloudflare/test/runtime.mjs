// A strict stand-in for the Workers runtime, after Cloudflare's documentation: it refuses what the real one refuses or ignores.

const INIT = ["cf", "cache", "method", "headers", "redirect", "body"];
const CF = ["cacheEverything", "cacheTtl", "cacheTtlByStatus", "cacheKey", "cacheTags"];

export class Runtime {
  // `origin` takes a Request and returns a Response, or throws when it is away; `now` returns milliseconds.
  constructor(origin, now = Date.now) {
    Object.assign(this, { origin, now, zone: new Map(), named: new Map(), pending: [] });
  }

  install() {
    globalThis.fetch = (input, init) => this.fetch(input, init);
    globalThis.caches = { open: async (name) => this.cache(name) };
    return this;
  }

  async ask(worker, request) {
    return worker.fetch(request, {}, { waitUntil: (promise) => void this.pending.push(promise) });
  }

  // Returns when all that was to go on in the background is done.
  async settled() {
    while (this.pending.length) await this.pending.shift();
  }

  purgeTags(...tags) {
    for (const [key, entry] of this.zone) if (entry.tags.some((tag) => tags.includes(tag))) this.zone.delete(key);
  }

  cache(name) {
    if (!this.named.has(name)) this.named.set(name, new NamedCache(this.now));
    return this.named.get(name);
  }

  async fetch(input, init = {}) {
    require(Object.keys(init).every((key) => INIT.includes(key)), `unknown option in ${Object.keys(init)}`);
    require(Object.keys(init.cf ?? {}).every((key) => CF.includes(key)), `unknown option in cf: ${Object.keys(init.cf ?? {})}`);
    require(!("cacheKey" in (init.cf ?? {})), "cacheKey is for Enterprise");
    require(!init.cache || ["no-store", "no-cache"].includes(init.cache), `Unsupported cache mode: ${init.cache}`);
    require(!(init.cache && init.cf), "cache and cf do not go together");
    const { cf, cache: _, ...rest } = init;
    const request = new Request(input, rest);
    if (request.headers.has("upgrade")) return { status: 101, webSocket: {}, request };
    return cf?.cacheEverything && /^(GET|HEAD)$/.test(request.method) ? this.#cached(request) : this.#passed(request);
  }

  async #passed(request) {
    const response = await this.#asked(request);
    return received(response.body, response, "DYNAMIC");
  }

  // `Vary: Accept-Encoding` is the one Vary that this cache heeds; s-maxage means proxy-revalidate: nothing stale is served.
  async #cached(request) {
    const key = `${request.url} ${request.headers.get("accept-encoding")}`;
    const entry = this.zone.get(key);
    if (entry && this.now() < entry.until) return aged(received(entry.body, entry, "HIT"), this.now() - entry.stored);
    const response = await this.#asked(request);
    if (!storable(response)) return received(response.body, response, entry ? "EXPIRED" : "BYPASS");
    const body = await response.arrayBuffer();
    const { status, headers } = response;
    const tags = (headers.get("cache-tag") ?? "").split(",").map((tag) => tag.trim());
    this.zone.set(key, { status, headers, body, tags, stored: this.now(), until: this.now() + lifetime(headers) * 1000 });
    return received(body, response, entry ? "EXPIRED" : "MISS");
  }

  async #asked(request) {
    try {
      return await this.origin(request);
    } catch {
      return new Response("error code: 521", { status: 521 });
    }
  }
}

class NamedCache {
  constructor(now) {
    Object.assign(this, { now, entries: new Map() });
  }

  async match(request) {
    const entry = this.entries.get(new Request(request).url);
    return entry && this.now() < entry.until ? received(entry.body, entry, "HIT") : undefined;
  }

  async put(request, response) {
    require(new Request(request).method === "GET", "put takes GET only");
    require(response.status !== 206 && response.headers.get("vary") !== "*", "put refuses 206 and Vary: *");
    const { status, headers } = response;
    const body = await response.arrayBuffer();
    if (!storable(response)) return;
    this.entries.set(new Request(request).url, { status, headers, body, until: this.now() + lifetime(headers) * 1000 });
  }

  async delete(request) {
    return this.entries.delete(new Request(request).url);
  }
}

// What a Worker gets: headers that cannot be changed, and no Cache-Tag.
function received(body, { status, statusText, headers }, state) {
  const response = new Response([204, 304].includes(status) ? null : body, { status, statusText, headers });
  response.headers.delete("cache-tag");
  response.headers.set("cf-cache-status", state);
  const refuse = () => { throw new TypeError("Can't modify immutable headers."); };
  Object.assign(response.headers, { set: refuse, append: refuse, delete: refuse });
  return response;
}

function aged(response, milliseconds) {
  Headers.prototype.set.call(response.headers, "age", String(Math.floor(milliseconds / 1000)));
  return response;
}

function storable({ status, headers }) {
  const forbidden = /private|no-store|no-cache/.test(headers.get("cache-control") ?? "");
  return status === 200 && !forbidden && !headers.has("set-cookie") && lifetime(headers) > 0;
}

function lifetime(headers) {
  const control = headers.get("cache-control") ?? "";
  return Number((/s-maxage=(\d+)/.exec(control) ?? /max-age=(\d+)/.exec(control) ?? [0, 0])[1]);
}

function require(truth, otherwise) {
  if (!truth) throw new TypeError(otherwise);
}
