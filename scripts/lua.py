"""The scripts our commands run inside Redis: each is one atomic step.

Times are read byte by byte: Redis compares Lua strings by the server's locale, which orders bytes
otherwise. Redis TIME and `as_of` fit a Lua number exactly until the year 2255.
"""

from provender.encoding import FORMAT, HEADER

READABLE_AT = -1
"""Stands in a record for the time that only the script knows."""

# KEYS: rows. ARGV: their values. Returns for each 1 when Redis has it now, 0 when it has a later
# as_of. What Redis has already, as after a push before, is not written again.
MERGE_ROWS = f"""
local function is_later(old, new)
    if #old < {HEADER.size} or string.byte(old) ~= {FORMAT} then return false end
    local old_high, old_low = struct.unpack('>I4I4', old, 2)
    local high, low = struct.unpack('>I4I4', new, 2)
    return old_high > high or (old_high == high and old_low > low)
end
local stored = redis.call('MGET', unpack(KEYS))
local merged, pairs = {{}}, {{}}
for at, new in ipairs(ARGV) do
    local old = stored[at]
    merged[at] = old and old ~= new and is_later(old, new) and 0 or 1
    if merged[at] == 1 and old ~= new then
        pairs[#pairs + 1] = KEYS[at]
        pairs[#pairs + 1] = new
    end
end
if #pairs > 0 then redis.call('MSET', unpack(pairs)) end
return merged
"""

# KEYS: registry, writer. ARGV: view field, retired view's field. Returns the view's record, since
# when it is retired ('' if it is not), the time, and all notes.
LOOK = """
return {
    redis.call('HGET', KEYS[1], ARGV[1]) or '', redis.call('HGET', KEYS[1], ARGV[2]) or '',
    redis.call('TIME'), redis.call('HGETALL', KEYS[2])
}
"""

# A lock is a note `<token> <when it expires> <holder>`. ARGV of LOCK: lock field, lease, holder,
# the lock of one that is known to have died ('' for none). Returns the token, or '' and the lock.
LOCK = """
local lock = redis.call('HGET', KEYS[1], ARGV[1])
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', time[2])
if lock and lock ~= ARGV[4] then
    local token, expires, holder = string.match(lock, '^(%d+) (%d+) (.*)$')
    if holder == ARGV[3] then return {token, lock} end
    if expires and tonumber(expires) > tonumber(now) then return {'', lock} end
end
local expires = string.format('%.0f', tonumber(now) + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. expires .. ' ' .. ARGV[3])
return {now, ''}
"""

_HOLDS = """
local function holds(writer, field, token)
    return string.match(redis.call('HGET', writer, field) or '', '^%d+') == token
end
"""

# KEYS: writer. ARGV: lock field, token, lease, holder. Returns 1, or 0 when another has the lock.
RENEW = f"""{_HOLDS}
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', time[2])
local expires = string.format('%.0f', tonumber(now) + tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. expires .. ' ' .. ARGV[4])
return 1
"""

# KEYS: writer. ARGV: lock field, token.
UNLOCK = f"""{_HOLDS}
if holds(KEYS[1], ARGV[1], ARGV[2]) then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1
"""

# KEYS: writer. ARGV: counter field, a number to stay above, generation field without its number,
# the lock's token. Returns the number of the new generation.
BEGIN_GENERATION = """
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local number = string.format('%d', math.max(last, tonumber(ARGV[2])) + 1)
redis.call('HSET', KEYS[1], ARGV[1], number, ARGV[3] .. number, 'filling ' .. ARGV[4])
return number
"""

# Whatever changes the registry changes its version, so that a reader who sees the version beside
# the rows knows whether its registry is of this moment, and of this life of Redis.
_CHANGED = """
local function changed(registry, version, now)
    redis.call('HSET', registry, 'version', now)
    redis.call('SET', version, now)
end
"""

# KEYS: registry, pushes, writer, version. ARGV: owner; view field, its new record; push record;
# readable_at ('' for now); pushed field, its new value; reaching field; lock field, token; filled
# generation's field, retired generation's field ('' for none); retired view's field.
# The push record is first: it is the one that can fail, and a script is not rolled back.
PUBLISH = f"""{_HOLDS}{_CHANGED}
local registry, pushes, writer, version = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('HGET', registry, 'owner') ~= ARGV[1] then return 'owned' end
if redis.call('HGET', writer, ARGV[6]) == ARGV[7] then return 'done' end
if not holds(writer, ARGV[9], ARGV[10]) then return 'overtaken' end
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', time[2])
local readable_at = ARGV[5] ~= '' and ARGV[5] or now
local function at(record)
    local first, last = string.find(record, '"readable_at_us":-1', 1, true)
    return string.sub(record, 1, last - 2) .. readable_at .. string.sub(record, last + 1)
end
redis.call('XADD', pushes, '*', 'record', at(ARGV[4]))
redis.call('HSET', registry, ARGV[2], at(ARGV[3]))
redis.call('HDEL', registry, ARGV[13])
changed(registry, version, now)
redis.call('HSET', writer, ARGV[6], ARGV[7])
redis.call('HDEL', writer, ARGV[8], ARGV[9])
if ARGV[11] ~= '' then redis.call('HDEL', writer, ARGV[11]) end
if ARGV[12] ~= '' then redis.call('HSET', writer, ARGV[12], 'retired ' .. now) end
return 'done'
"""

# KEYS: registry, version. ARGV: owner, then fields, each with what it was ('' for nothing) and what
# it becomes: all, or none where another has written one of them.
WRITE_REGISTRY = f"""{_CHANGED}
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'owned' end
for at = 2, #ARGV, 3 do
    if (redis.call('HGET', KEYS[1], ARGV[at]) or '') ~= ARGV[at + 1] then return 'changed' end
end
for at = 2, #ARGV, 3 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 2]) end
local time = redis.call('TIME')
changed(KEYS[1], KEYS[2], time[1] .. string.format('%06d', time[2]))
return 'done'
"""

# KEYS: registry, writer, version. ARGV: owner; view field; retired view's field; lock field, token;
# generation's field ('' for none); pushed and reaching fields. Returns when it was retired.
RETIRE = f"""{_HOLDS}{_CHANGED}
local registry, writer, version = KEYS[1], KEYS[2], KEYS[3]
if redis.call('HGET', registry, 'owner') ~= ARGV[1] then return 'owned' end
if not holds(writer, ARGV[4], ARGV[5]) then return 'overtaken' end
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', time[2])
redis.call('HDEL', registry, ARGV[2])
redis.call('HSET', registry, ARGV[3], now)
changed(registry, version, now)
if ARGV[6] ~= '' then redis.call('HSET', writer, ARGV[6], 'dropping') end
redis.call('HDEL', writer, ARGV[7], ARGV[8])
return 'done'
"""

# KEYS: a stream. Returns the time, and the id of the newest entry at that time ('' for none).
LOOK_AT_STREAM = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {redis.call('TIME'), newest[1] and newest[1][1] or ''}
"""

# KEYS: decision stream, head of the ledger, landed numbers. ARGV: group, head, how many entries,
# their ids, then writers each with its number, which never goes back.
ACKNOWLEDGE = """
local entries = tonumber(ARGV[3])
for first = 4, 3 + entries, 1000 do
    local last = math.min(first + 999, 3 + entries)
    redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, first, last))
    redis.call('XDEL', KEYS[1], unpack(ARGV, first, last))
end
for at = 4 + entries, #ARGV, 2 do
    local stands = redis.call('HGET', KEYS[3], ARGV[at])
    if tonumber(stands or '0') < tonumber(ARGV[at + 1]) then
        redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1])
    end
end
redis.call('SET', KEYS[2], ARGV[2])
return entries
"""
