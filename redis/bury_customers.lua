-- Removes customers that the source does not have, each only if its hash is still the one that was seen (P5).
--
-- KEYS     customer:<id>
-- ARGV[1]  seconds a deleted customer's hash lives
-- ARGV[2]  deleted_at
-- then     per customer, in the order of KEYS: the position that was seen, '' for none, and the position of the trace
--
-- The trace of a deleted customer stands right behind it: what would have replaced it replaces the trace, and what it kept out stays out, its
-- own event included.
--
-- Replies how many were removed.

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
