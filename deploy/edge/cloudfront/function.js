// The edge rules (docs/reference/edge-rules.md) as a CloudFront Function, runtime cloudfront-js-2.0: ES 5.1 and a little more.
// One function for both events of the public behaviours in distribution.yaml; CloudFront's cache does the rest.

const PUBLIC = /^\/(v1\/agents(\/[^/]+)?|v1\/shared\/[^/]+|v1\/status|schema\/openapi\.json|docs)$/;
const PARAMETERS = ['after', 'before', 'limit', 'order'];
const ENCODINGS = ['zstd', 'br', 'gzip'];

function handler(event) {
  const shared = isShared(event.request);
  if (event.context.eventType === 'viewer-response') return told(event.response, shared);
  return shared ? sharedForm(event.request) : alone(event.request, event.context.requestId);
}

function isShared(request) {
  const asks = request.method === 'GET' || request.method === 'HEAD';
  return asks && PUBLIC.test(request.uri) && !request.headers.authorization && !request.cookies.ola_session;
}

// One form for all who may get the same answer: nothing in it tells one visitor from another.
function sharedForm(request) {
  const known = {};
  PARAMETERS.forEach((name) => {
    if (request.querystring[name]) known[name] = request.querystring[name];
  });
  request.querystring = known;
  request.cookies = {};
  request.headers['accept-encoding'] = { value: encodingOf(request.headers['accept-encoding']) };
  request.headers['x-edge-key'] = { value: 'shared' };
  return request;
}

// A function cannot switch the cache off; a key that nobody else will ever have comes to the same.
function alone(request, requestId) {
  request.headers['x-edge-key'] = { value: requestId };
  return request;
}

function encodingOf(header) {
  const accepted = (header ? header.value : '').toLowerCase().split(',');
  const wanted = accepted.filter((item) => !/;\s*q=0(\.0*)?\s*$/.test(item)).map((item) => item.split(';')[0].trim());
  return ENCODINGS.filter((encoding) => wanted.indexOf(encoding) >= 0)[0] || 'identity';
}

// CloudFront does store Set-Cookie; no cookie leaves with what is shared. `x-cache` is CloudFront's own, and forbidden here.
function told(response, shared) {
  delete response.headers['cache-tag'];
  delete response.headers['surrogate-key'];
  if (shared) response.cookies = {};
  return response;
}
