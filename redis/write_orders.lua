-- Writes a chunk of order hashes; an older state never overwrites a newer one (P5).
--
-- KEYS     order:<id>, one per order
-- then per order, in the order of KEYS:
--   version  <epoch, 10 digits>-<revision, 20 digits>: the order of the texts is the order of the numbers, whatever the locale
--   ttl      how many milliseconds the hash lives; 0 = for ever
--   dump     the whole hash as DUMP would give it, with its version: RESTORE takes the dump as it is, and HSET would look each field up
--
-- The script replies the number of hashes that were written; the others were as new or newer.

-- The version under a key. The names order:* belong to orderstream, so a value of another type is replaced.
local function version_of(key)
  local stored = redis.pcall('HGET', key, 'version')
  if type(stored) ~= 'table' then
    return stored
  end
  if not string.find(stored.err, 'WRONGTYPE', 1, true) then
    error(stored)
  end
  return false
end

local written = 0
local at = 1
for k = 1, #KEYS do
  local key, version = KEYS[k], ARGV[at]
  local stored = version_of(key)
  if not stored or stored < version then
    redis.call('RESTORE', key, ARGV[at + 1], ARGV[at + 2], 'REPLACE')
    written = written + 1
  end
  at = at + 3
end
return written
