// Serves worker.mjs on loopback before a real origin: node serve.mjs <port of the origin>. Prints the port that it listens on.

import http from "node:http";
import net from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import worker from "../worker.mjs";
import { Runtime } from "./runtime.mjs";

const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "upgrade", "expect"];
const originPort = Number(process.argv[2]);
const runtime = new Runtime(askOrigin).install();

const server = http.createServer(async (incoming, outgoing) => {
  try {
    await answer(await runtime.ask(worker, requestOf(incoming)), outgoing);
  } catch (error) {
    if (!outgoing.headersSent) outgoing.writeHead(502).end();
    if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") console.error(error);
  }
});

// The Worker hands an upgrade through; the runtime joins the two ends.
server.on("upgrade", async (incoming, client, head) => {
  const response = await runtime.ask(worker, requestOf(incoming));
  if (response.status !== 101) return client.destroy();
  const origin = net.connect(originPort, "127.0.0.1", () => {
    const { rawHeaders: raw } = incoming;
    const lines = raw.flatMap((name, index) => (index % 2 ? [] : [`${name}: ${raw[index + 1]}`]));
    origin.write([`GET ${incoming.url} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    origin.write(head);
    client.pipe(origin).pipe(client);
  });
  for (const [one, other] of [[client, origin], [origin, client]]) {
    one.on("error", () => other.destroy()).on("close", () => other.destroy());
  }
});

server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));

function requestOf(incoming) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (name === "upgrade" || !HOP_BY_HOP.includes(name)) headers.set(name, value);
  }
  const { method } = incoming;
  const body = ["GET", "HEAD"].includes(method) ? undefined : Readable.toWeb(incoming);
  const url = `http://${incoming.headers.host}${incoming.url}`;
  return new Request(url, { method, headers, body, duplex: "half", redirect: "manual" });
}

// Not fetch(): it would decode the body, and this must pass as it is.
function askOrigin(request) {
  const { pathname, search } = new URL(request.url);
  const headers = Object.fromEntries(request.headers);
  return new Promise((resolve, reject) => {
    const asked = http.request({ host: "127.0.0.1", port: originPort, method: request.method, path: pathname + search, headers });
    asked.on("error", reject).on("response", (got) => resolve(responseOf(got)));
    if (request.body) pipeline(Readable.fromWeb(request.body), asked).catch(reject);
    else asked.end();
  });
}

function responseOf(got) {
  const headers = new Headers();
  for (let at = 0; at < got.rawHeaders.length; at += 2) {
    if (!HOP_BY_HOP.includes(got.rawHeaders[at].toLowerCase())) headers.append(got.rawHeaders[at], got.rawHeaders[at + 1]);
  }
  const empty = [204, 304].includes(got.statusCode);
  if (empty) got.resume();
  return new Response(empty ? null : Readable.toWeb(got), { status: got.statusCode, statusText: got.statusMessage, headers });
}

async function answer(response, outgoing) {
  const headers = [...response.headers].flat();
  outgoing.writeHead(response.status, response.statusText, headers).flushHeaders();
  if (response.body) await pipeline(Readable.fromWeb(response.body), outgoing);
  else outgoing.end();
}
