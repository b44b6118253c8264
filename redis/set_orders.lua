-- Writes a chunk of order hashes if `RESTORE` may not be used; an older state never overwrites a newer one (P5).
--
-- KEYS     order:<id>, one per order
-- then per order, in the order of KEYS:
--   version  <epoch, 10 digits>-<revision, 20 digits>: the order of the texts is the order of the numbers, whatever the locale
--   ttl      how many milliseconds the hash lives; 0 = for ever
--   count    how many arguments follow: names and values of the columns that are not null, the version among them
--
-- The script replies the number of hashes that were written; the others were as new or newer.

-- The version under a key, and whether the key holds a value of another type. The names order:* belong to orderstream, so such a value is
-- replaced. The guard is the same as in write_orders.lua.
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
    -- A full server refuses the first write of a script, unless that write is a DEL, and takes every write after the first. So the first
    -- write sets the version that is stored already, and a full server refuses the script before anything is deleted.
    if is_first and not foreign then
      redis.call('HSET', key, 'version', stored or '')
    end
    is_first = false
    -- Nothing of the older state stays, neither a column that is null now nor a time to live.
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
