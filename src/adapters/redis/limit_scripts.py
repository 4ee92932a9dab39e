"""What the limiter does on the server, in one step each, by the server's clock; moments are in microseconds.

KEYS[1] is a hash: `tat` when the minute's limit is level again (GCRA), `i` the interval between two requests that it was counted
with, `day` and `month` that the counts are of, `r` requests and `t` its tokens, `c` cost of the month, `at` when tokens and
cost were last compared with the ledger (not there: never), `v` tokens that slots have set aside. KEYS[2] is a sorted set of the
slots, `<id>:<tokens>` by the end of their leases.
"""

from typing import Final

from adapters.redis.scripts import Script

_LOAD: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local DAY = 86400000000
local today = math.floor(now / DAY)
local e = redis.call('HMGET', KEYS[1], 'tat', 'day', 'month', 'r', 't', 'c', 'at', 'v', 'i')
local r, t, c, at, v = tonumber(e[4]) or 0, tonumber(e[5]) or 0, tonumber(e[6]) or 0, tonumber(e[7]), tonumber(e[8])
local write = {}
local function set(field, value)
  write[#write + 1] = field
  write[#write + 1] = value
end
-- Months are counted by Howard Hinnant's days_from_civil, the other way round.
local function month()
  local days = today + 719468
  local era = math.floor(days / 146097)
  local rest = days - era * 146097
  local year = math.floor((rest - math.floor(rest / 1460) + math.floor(rest / 36524) - math.floor(rest / 146096)) / 365)
  local day = rest - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  return (year + era * 400) * 12 + math.floor((5 * day + 2) / 153)
end
local rolled = tonumber(e[2]) ~= today
if rolled then
  local current = month()
  if tonumber(e[3]) ~= current then c = 0 end
  r, t = 0, 0
  set('day', today)
  set('month', current)
  set('r', 0)
  set('t', 0)
  set('c', c)
end
local function seed(tokens, cost, day)
  if tonumber(day) ~= today then return end
  t, c, at = math.max(t, tonumber(tokens)), math.max(c, tonumber(cost)), now
  set('t', t)
  set('c', c)
  set('at', at)
end
local function tokens_of(slot) return tonumber(string.match(slot, ':(%d+)$')) end
local function save()
  if #write > 0 then redis.call('HSET', KEYS[1], unpack(write)) end
  if rolled then redis.call('PEXPIREAT', KEYS[1], (today + 1) * DAY / 1000 + 3600000) end
end
"""
UNKNOWN: Final = -1
# ARGV: interval and burst of the minute, requests and tokens of the day, streams, budget (-1: none), the slot or '', its tokens,
# the length of a lease, after how long the ledger is asked again, and what it said: tokens, cost, of which day (-1: not asked).
# Returns {-1, today} for a slot whose owner's ledger was never read, else which limit is passed (0: none), how far ahead the
# minute's limit is, the day's requests, its tokens, what is left of it, and whether to ask the ledger.
ADMIT: Final = Script(_LOAD + """
if ARGV[13] ~= '-1' then seed(ARGV[11], ARGV[12], ARGV[13]) end
local slot, count = ARGV[7], 0
if slot ~= '' then
  if not at then
    save()
    return {-1, today}
  end
  local reserved = v
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
    if v then v = v - tokens_of(gone) end
    redis.call('ZREM', KEYS[2], gone)
  end
  count = redis.call('ZCARD', KEYS[2])
  if count == 0 then
    v = 0
  elseif not v then
    v = 0
    for _, held in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do v = v + tokens_of(held) end
  end
  if v ~= reserved then set('v', v) end
end
v = v or 0
local interval, ahead, refused = tonumber(ARGV[1]), math.max(0, (tonumber(e[1]) or 0) - now), 0
local before = tonumber(e[9]) or interval
if ahead > 0 and before ~= interval then ahead = math.min(math.ceil(ahead / before) * interval, tonumber(ARGV[2])) end
if ahead + interval > tonumber(ARGV[2]) then
  refused = 1
elseif r >= tonumber(ARGV[3]) then
  refused = 2
elseif slot ~= '' then
  local most, budget = tonumber(ARGV[4]), tonumber(ARGV[6])
  if budget >= 0 and c >= budget then
    refused = 3
  elseif t + v + math.min(tonumber(ARGV[8]), most) > most then
    refused = 4
  elseif count >= tonumber(ARGV[5]) then
    refused = 5
  end
end
if refused == 0 then
  ahead, r = ahead + interval, r + 1
  set('tat', now + ahead)
  if e[9] ~= ARGV[1] then set('i', interval) end
  set('r', r)
  if slot ~= '' then
    v = v + ARGV[8]
    set('v', v)
    redis.call('ZADD', KEYS[2], now + ARGV[9], slot)
    redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[9] / 1000))
  end
end
save()
return {refused, ahead, r, t + v, (today + 1) * DAY - now, (slot ~= '' and now - at > tonumber(ARGV[10])) and 1 or 0}
""")
# ARGV: a slot to give back or '', its tokens, tokens and cost that were booked, and what the ledger said, as above.
COUNT: Final = Script(_LOAD + """
if ARGV[1] ~= '' and redis.call('ZREM', KEYS[2], ARGV[1]) == 1 and v then set('v', math.max(0, v - ARGV[2])) end
-- An owner that is not known here is counted from the ledger when it is.
if at then
  t, c = t + ARGV[3], c + ARGV[4]
  set('t', t)
  set('c', c)
end
if ARGV[7] ~= '-1' then seed(ARGV[5], ARGV[6], ARGV[7]) end
if at or v then save() end
return 0
""")
# ARGV: the length of a lease, and slots.
RENEW: Final = Script(_LOAD + """
for place = 2, #ARGV do
  if redis.call('ZADD', KEYS[2], now + ARGV[1], ARGV[place]) == 1 and v then
    v = v + tokens_of(ARGV[place])
    set('v', v)
  end
end
redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[1] / 1000))
if v then save() end
return 0
""")
