-- Writes a chunk of order hashes; an older state never overwrites a newer one (P5).
--
-- KEYS     order:<id>, one per order
-- ARGV[1]  seconds a live order's hash lives; 0 = for ever
-- ARGV[2]  seconds a deleted order's hash lives
-- then per order, in the order of KEYS:
--   version  <epoch, 10 digits>-<revision, 20 digits>: text order is number order, whatever the locale
--   shape    'f': a full row, its 14 values follow without names (names would cost the server a fifth more)
--            'd': deleted, followed by deleted_at
--            a number: a row with null columns, followed by so many arguments, names and values
--
-- Replies the number of hashes written; the others were as new or newer.

local live_for, deleted_for = ARGV[1], ARGV[2]

-- The version under a key. The names order:* are ours: a value of another type gives way.
local function version_of(key)
  local stored = redis.pcall('HGET', key, 'version')
  if type(stored) ~= 'table' then
    return stored
  end
  if not string.find(stored.err, 'WRONGTYPE', 1, true) then
    error(stored)
  end
  redis.call('DEL', key)
  return false
end

local written = 0
local at = 3
for k = 1, #KEYS do
  local key, version, shape = KEYS[k], ARGV[at], ARGV[at + 1]
  local stored = version_of(key)
  local newer = not stored or stored < version
  local v = at + 2 -- the first value
  if shape == 'f' then
    at = v + 14
    if newer then
      -- version first: the next guard finds it without a walk through the hash.
      local added = redis.call('HSET', key, 'version', version, 'order_id', string.sub(key, 7),
        'customer_id', ARGV[v], 'customer_name', ARGV[v + 1], 'customer_email', ARGV[v + 2], 'customer_tier', ARGV[v + 3],
        'customer_country', ARGV[v + 4], 'product_id', ARGV[v + 5], 'quantity', ARGV[v + 6], 'price', ARGV[v + 7],
        'total', ARGV[v + 8], 'status', ARGV[v + 9], 'ordered_at', ARGV[v + 10], 'updated_at', ARGV[v + 11],
        'enrichment', ARGV[v + 12], 'processed_at', ARGV[v + 13])
      -- A hash that lacked columns may have been a deleted order's.
      if stored and added > 0 then
        redis.call('HDEL', key, 'deleted_at')
      end
    end
  elseif shape == 'd' then
    at = v + 1
    if newer then
      redis.call('DEL', key)
      redis.call('HSET', key, 'version', version, 'deleted_at', ARGV[v])
    end
  else
    at = v + tonumber(shape)
    if newer then
      -- What is null now may have had a value.
      if stored then
        redis.call('DEL', key)
      end
      redis.call('HSET', key, 'version', version, 'order_id', string.sub(key, 7), unpack(ARGV, v, at - 1))
    end
  end
  if newer then
    if shape == 'd' then
      redis.call('EXPIRE', key, deleted_for)
    elseif live_for ~= '0' then
      redis.call('EXPIRE', key, live_for)
    elseif stored then
      redis.call('PERSIST', key)
    end
    written = written + 1
  end
end
return written
