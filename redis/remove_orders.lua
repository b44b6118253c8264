-- Removes hashes of orders that have no row, each only if it still has the version that was seen (P5).
--
-- KEYS     order:<id>
-- ARGV     per order, in the order of KEYS: the version that was seen, '' for none
--
-- The script replies how many hashes were removed.

local removed = 0
for k = 1, #KEYS do
  local stored = redis.pcall('HGET', KEYS[k], 'version')
  if type(stored) == 'table' then
    if not string.find(stored.err, 'WRONGTYPE', 1, true) then
      return stored
    end
    -- The names order:* belong to orderstream, so a value of another type counts as a hash without a version.
    stored = false
  end
  if (stored or '') == ARGV[k] then
    removed = removed + redis.call('DEL', KEYS[k])
  end
end
return removed
