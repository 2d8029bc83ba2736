"""The scripts our commands run inside Redis: each is one atomic step.

Times are read byte by byte: Redis compares Lua strings by the server's locale, which orders bytes
otherwise. Redis TIME and `as_of` fit a Lua number exactly until the year 2255.
"""

from provender.encoding import FORMAT, HEADER

READABLE_AT = -1
"""Stands in a record for the time that only the script knows."""

# KEYS: rows. ARGV: their values. Returns for each 1 when written, 0 when Redis has a later as_of.
MERGE_ROWS = f"""
local function is_later(old, new)
    if type(old) ~= 'string' or #old < {HEADER.size} or string.byte(old) ~= {FORMAT} then
        return false
    end
    local old_high, old_low = struct.unpack('>I4I4', old, 2)
    local high, low = struct.unpack('>I4I4', new, 2)
    return old_high > high or (old_high == high and old_low > low)
end
local written = {{}}
for at, key in ipairs(KEYS) do
    written[at] = is_later(redis.pcall('GET', key), ARGV[at]) and 0 or 1
    if written[at] == 1 then redis.call('SET', key, ARGV[at]) end
end
return written
"""

# KEYS: registry, writer. ARGV: view field. Returns the view's record and all notes.
LOOK = """
return {redis.call('HGET', KEYS[1], ARGV[1]) or '', redis.call('HGETALL', KEYS[2])}
"""

# KEYS: writer. ARGV: counter field, a number to stay above, generation field without its number,
# who fills it. Returns the number of the new generation and the token that fences it.
BEGIN_GENERATION = """
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local number = string.format('%d', math.max(last, tonumber(ARGV[2])) + 1)
local time = redis.call('TIME')
local token = 'filling ' .. time[1] .. string.format('%06d', time[2]) .. ' ' .. ARGV[4]
redis.call('HSET', KEYS[1], ARGV[1], number, ARGV[3] .. number, token)
return {number, token}
"""

# KEYS: registry, pushes, writer. ARGV: owner; view field, its record when the push began ('' for
# none), its new record; push record; readable_at ('' for now); pushed field, its new value;
# reaching field; filled generation's field and token, retired generation's field ('' for none).
# The push record is first: it is the one that can fail, and a script is not rolled back.
PUBLISH = """
local registry, pushes, writer = KEYS[1], KEYS[2], KEYS[3]
if redis.call('HGET', registry, 'owner') ~= ARGV[1] then return 'owned' end
if redis.call('HGET', writer, ARGV[7]) == ARGV[8] then return 'done' end
if (redis.call('HGET', registry, ARGV[2]) or '') ~= ARGV[3] then return 'overtaken' end
if ARGV[10] ~= '' and redis.call('HGET', writer, ARGV[10]) ~= ARGV[11] then return 'reclaimed' end
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', time[2])
local readable_at = ARGV[6] ~= '' and ARGV[6] or now
local function at(record)
    local first, last = string.find(record, '"readable_at_us":-1', 1, true)
    return string.sub(record, 1, last - 2) .. readable_at .. string.sub(record, last + 1)
end
redis.call('XADD', pushes, '*', 'record', at(ARGV[5]))
redis.call('HSET', registry, ARGV[2], at(ARGV[4]))
redis.call('HSET', writer, ARGV[7], ARGV[8])
redis.call('HDEL', writer, ARGV[9])
if ARGV[10] ~= '' then redis.call('HDEL', writer, ARGV[10]) end
if ARGV[12] ~= '' then redis.call('HSET', writer, ARGV[12], 'retired ' .. now) end
return 'done'
"""

# KEYS: registry. ARGV: owner, then fields and values.
WRITE_REGISTRY = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'owned' end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 'done'
"""

# KEYS: a stream. Returns the time, and the id of the newest entry at that time ('' for none).
LOOK_AT_STREAM = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {redis.call('TIME'), newest[1] and newest[1][1] or ''}
"""
