"""What the cache does on the server.

One hash per key: `v` value, `s` when it becomes stale, `d` what it cost to find, `l` and `u` the lease and its end, and one
field `n…` for each node that may have a copy, with the end of its right to it. Moments are in milliseconds by the server's
clock, lengths in milliseconds. Copies stay noted until their end, for whoever invalidates while another still waits for them.
A value's life is counted from its lease, which is older than the reading: so its end bounds how old it can be.
"""

from typing import Final

from adapters.redis.scripts import Script
from application.ports.cache import LEASE_SECONDS

_NOW: Final = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
# So much earlier than the server believes does a node take its copy to be over: moments are rounded, and timers fire early.
COPY_MARGIN: Final = 20
_MARGIN: Final = f"local function kept(length) return math.max(0, length - {COPY_MARGIN}) end\n"
# ARGV: a fresh token, the length of a lease, urge = -ln(random), this node's field or '', how long copies may live.
READ: Final = Script(_NOW + _MARGIN + """
local e = redis.call('HMGET', KEYS[1], 'v', 's', 'd', 'l', 'u')
local leased = e[4] and tonumber(e[5]) > now
local function lease() redis.call('HSET', KEYS[1], 'l', ARGV[1], 'u', now + ARGV[2]) end
local function copied(length)
  if ARGV[4] == '' then return 0 end
  redis.call('HSET', KEYS[1], ARGV[4], now + length)
  return kept(length)
end
if not e[1] then
  if leased then return {'filling'} end
  lease()
  copied(tonumber(ARGV[5]))
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'lease'}
end
local refresh = 0
if not leased and now + ARGV[3] * e[3] >= tonumber(e[2]) then
  lease()
  refresh = 1
end
return {'hit', copied(math.min(tonumber(ARGV[5]), redis.call('PTTL', KEYS[1]))), refresh, e[1]}
""")
_LEASE: Final = f"local LEASE = {round(LEASE_SECONDS * 1_000)}\n"
# ARGV: the lease, the value, its lifetime, the stale part of it, what it cost, this node's field or '', how long copies may live.
# Refused is also what would end before other nodes' copies. Rights that are over are swept out.
FILL: Final = Script(_NOW + _MARGIN + _LEASE + """
local e = redis.call('HMGET', KEYS[1], 'l', 'u')
if e[1] ~= ARGV[1] or tonumber(e[2]) <= now then return -1 end
redis.call('HDEL', KEYS[1], 'l', 'u')
local left = math.max(1, e[2] - LEASE + ARGV[3] - now)
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 1) == 'n' and field ~= ARGV[6] then
    local copied = redis.call('HGET', KEYS[1], field) - now
    if copied > left then return -1 end
    if copied <= 0 then redis.call('HDEL', KEYS[1], field) end
  end
end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 's', now + left - ARGV[4], 'd', ARGV[5])
redis.call('PEXPIRE', KEYS[1], left)
if ARGV[6] == '' then return 0 end
local length = math.min(tonumber(ARGV[7]), left)
redis.call('HSET', KEYS[1], ARGV[6], now + length)
return kept(length)
""")
# ARGV: this node's field, the beginning of the channels' names, what to publish before the key.
# Returns, for each of the keys, each other node that may have a copy, and for how long.
INVALIDATE: Final = Script(_NOW + """
local function invalidate(key)
  local fields, told, longest = redis.call('HKEYS', key), {}, 0
  if #fields == 0 then return told end
  for _, field in ipairs(fields) do
    if string.sub(field, 1, 1) == 'n' then
      local left = redis.call('HGET', key, field) - now
      longest = math.max(longest, left)
      if left > 0 and field ~= ARGV[1] then
        redis.call('PUBLISH', ARGV[2] .. field, ARGV[3] .. key)
        table.insert(told, field)
        table.insert(told, left)
      end
    end
  end
  if longest > 0 then
    redis.call('HDEL', key, 'v', 's', 'd', 'l', 'u')
    redis.call('PEXPIRE', key, longest)
  else
    redis.call('UNLINK', key)
  end
  return told
end
local all = {}
for place, key in ipairs(KEYS) do all[place] = invalidate(key) end
return all
""")
