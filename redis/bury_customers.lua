-- Removes customers that the source does not have, each only if its hash still has the position that was seen (P5).
--
-- KEYS     customer:<id>
-- ARGV[1]  how many seconds the tombstone of a deleted customer lives
-- ARGV[2]  deleted_at
-- then     per customer, in the order of KEYS: the position that was seen, '' for none, and the position of the tombstone
--
-- The position of the tombstone is right after that of the removed hash. So every event that would have replaced the hash replaces the
-- tombstone, and every event that the hash kept out stays out, the hash's own event included.
--
-- The script replies how many customers were removed.

local removed = 0
for k = 1, #KEYS do
  local key, seen = KEYS[k], ARGV[2 * k + 1]
  local stored = redis.pcall('HGET', key, 'position')
  if type(stored) == 'table' then
    if not string.find(stored.err, 'WRONGTYPE', 1, true) then
      return stored
    end
    stored = false
  end
  if (stored or '') == seen then
    removed = removed + redis.call('DEL', key)
    if seen ~= '' then
      redis.call('HSET', key, 'position', ARGV[2 * k + 2], 'deleted_at', ARGV[2])
      redis.call('EXPIRE', key, ARGV[1])
    end
  end
end
return removed
