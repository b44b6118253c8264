-- Writes a chunk of order hashes where `RESTORE` is not to be had; an older state never overwrites a newer one (P5).
--
-- KEYS     order:<id>, one per order
-- then per order, in the order of KEYS:
--   version  <epoch, 10 digits>-<revision, 20 digits>: text order is number order, whatever the locale
--   ttl      milliseconds the hash lives; 0 = for ever
--   count    so many arguments follow, names and values of the columns that are not null, the version among them
--
-- Replies the number of hashes written; the others were as new or newer.

-- The version under a key, and whether it holds something else. The names order:* are ours: a value of another type gives way. The same guard
-- as in write_orders.lua.
local function version_of(key)
  local stored = redis.pcall('HGET', key, 'version')
  if type(stored) ~= 'table' then
    return stored, false
  end
  if not string.find(stored.err, 'WRONGTYPE', 1, true) then
    error(stored)
  end
  return false, true
end

local written = 0
local at = 1
local is_first = true
for k = 1, #KEYS do
  local key, version, ttl, count = KEYS[k], ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local first = at + 3
  local stored, foreign = version_of(key)
  if not stored or stored < version then
    -- A server that is full refuses a script's first write, unless it is a DEL; whatever comes after the first it takes.
    if is_first and not foreign then
      redis.call('HSET', key, 'version', stored or '')
    end
    is_first = false
    -- Nothing of the older state stays: neither a column that is null now nor a time to live.
    redis.call('DEL', key)
    redis.call('HSET', key, unpack(ARGV, first, first + count - 1))
    if ttl > 0 then
      redis.call('EXPIRE', key, math.ceil(ttl / 1000))
    end
    written = written + 1
  end
  at = first + count
end
return written
