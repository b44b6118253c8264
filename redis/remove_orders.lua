-- Removes hashes of orders that have no row, each only if it is still the one that was seen (P5).
--
-- KEYS     order:<id>
-- ARGV     per order, in the order of KEYS: the version that was seen, '' for none
--
-- Replies how many were removed.

local removed = 0
for k = 1, #KEYS do
  local stored = redis.pcall('HGET', KEYS[k], 'version')
  if type(stored) == 'table' then
    if not string.find(stored.err, 'WRONGTYPE', 1, true) then
      return stored
    end
    -- The names order:* are ours: a value of another type gives way.
    stored = false
  end
  if (stored or '') == ARGV[k] then
    removed = removed + redis.call('DEL', KEYS[k])
  end
end
return removed
