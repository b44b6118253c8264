-- Writes a chunk of customer changes; an older change never overwrites a newer one (P5).
--
-- KEYS     customer:<id>, one per change; an id may repeat, and its changes are in Kafka's order
-- ARGV[1]  how many seconds a deleted customer's hash lives
-- then per change, in the order of KEYS:
--   position  text of fixed width, as described below
--   version   <epoch>.<partition>.<offset>, compared for equality only
--   shape     'd' for a deleted customer, followed by deleted_at; or
--             a number, followed by as many arguments: names and values of the columns that are not null; then another number, followed
--             by as many arguments: names of columns that the event does not have, each with '=' and the value that results has, or ''
--
-- The script replies, per change, the version that the hash has now, '' for none, also if the change was not applied. The transaction that
-- marks the customer's orders needs the version after a crash between the script and that transaction.

-- A position is the epoch in 10 digits, the partition in 10, the offset in 20, the kind in 1 letter (s snapshot, w stream, i incremental,
-- u unknown, t tombstone), the commit in 21 digits, the lsn in 21, and the source's time in 21, which decides nothing here. The commit, the
-- lsn and the time each start with 1, or are all zeros if there is none. Digits of fixed width compare as text in the order of the numbers,
-- under any locale and without the rounding of Lua's numbers, which are doubles. Earlier versions wrote positions without the time.
local WITHOUT_TIME, WITH_TIME = 83, 104

local function epoch(p) return string.sub(p, 1, 10) end
local function partition(p) return string.sub(p, 11, 20) end
local function offset(p) return string.sub(p, 21, 40) end
local function kind(p) return string.sub(p, 41, 41) end
local function commit(p) return string.sub(p, 42, 62) end
local function lsn(p) return string.sub(p, 63, 83) end

local NO_COMMIT = string.rep('0', 21)

local function is_log(k) return k == 'w' or k == 'i' end

-- The rule is the same as Position::supersedes and Position::outlives in crates/change/src/position.rs, which gives the reasons; a property
-- test compares the two.
local function supersedes(new, stored)
  if epoch(new) ~= epoch(stored) then
    return epoch(new) > epoch(stored)
  end
  local same_partition = partition(new) == partition(stored)
  if same_partition and offset(new) <= offset(stored) then
    return false
  end
  local is, was = kind(new), kind(stored)
  if is == 't' then
    return same_partition
  end
  if is == 'u' or was == 'u' or was == 't' then
    return true
  end
  if is == 's' and was ~= 's' and not same_partition then
    return lsn(new) > lsn(stored)
  end
  if is == 's' or was == 's' then
    return true
  end
  local mine, theirs = commit(new), commit(stored)
  if mine ~= NO_COMMIT and theirs ~= NO_COMMIT and mine ~= theirs then
    return mine > theirs
  end
  return lsn(new) > lsn(stored)
end

-- Whether an event that makes its row replaces a delete, also a delete at the same position of the log.
local function outlives(new, grave)
  if supersedes(new, grave) then
    return true
  end
  local mine, theirs = commit(new), commit(grave)
  return epoch(new) == epoch(grave) and is_log(kind(new)) and is_log(kind(grave))
    and (partition(new) ~= partition(grave) or offset(new) > offset(grave))
    and lsn(new) == lsn(grave) and (mine == theirs or mine == NO_COMMIT or theirs == NO_COMMIT)
end

-- Position and version under a key. If the topic of customers is configured, the names customer:* belong to orderstream, so a value of
-- another type is removed.
local function stored_at(key)
  local stored = redis.pcall('HMGET', key, 'position', 'version')
  if not stored.err then
    return stored[1], stored[2]
  end
  if not string.find(stored.err, 'WRONGTYPE', 1, true) then
    error(stored)
  end
  redis.call('DEL', key)
  return false, false
end

-- Names and values of the columns that the event does not have: as the hash has them, or if there is no hash, as results has them. The hash
-- of a deleted customer has no such columns.
local function kept(key, from, to)
  local columns, has_hash = {}, redis.call('EXISTS', key) == 1
  for a = from, to, 2 do
    local value = has_hash and redis.call('HGET', key, ARGV[a])
    if not has_hash and ARGV[a + 1] ~= '' then
      value = string.sub(ARGV[a + 1], 2)
    end
    if value then
      columns[#columns + 1] = ARGV[a]
      columns[#columns + 1] = value
    end
  end
  return columns
end

local versions = {}
local at = 2
for k = 1, #KEYS do
  local key, position, version, shape = KEYS[k], ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local v = at + 3 -- the first value
  local deleted = shape == 'd'
  local values_end = v + (deleted and 1 or tonumber(shape)) -- where the next argument stands
  at = deleted and values_end or values_end + 1 + tonumber(ARGV[values_end])
  local stored, stored_version = stored_at(key)
  -- A position of another width is not one of orderstream's positions, and counts as none.
  local is_position = stored and (#stored == WITH_TIME or #stored == WITHOUT_TIME)
  local replaces = not deleted and not stored_version and outlives or supersedes
  if kind(position) == 't' and not (is_position and stored_version) then
    -- A tombstone without a live hash says nothing that a delete has not said better, and keeps no event out.
    if not is_position then
      redis.call('DEL', key)
    end
    versions[k] = ''
  elseif not is_position or replaces(position, stored) then
    -- Nothing of the older state stays, neither a column that is null now nor a time to live, except the columns that the event does not
    -- have.
    local columns = not deleted and at > values_end + 1 and kept(key, values_end + 1, at - 1)
    redis.call('DEL', key)
    if deleted then
      redis.call('HSET', key, 'position', position, 'deleted_at', ARGV[v])
      redis.call('EXPIRE', key, ARGV[1])
      versions[k] = ''
    else
      redis.call('HSET', key, 'version', version, 'position', position, unpack(ARGV, v, values_end - 1))
      if columns and #columns > 0 then
        redis.call('HSET', key, unpack(columns))
      end
      versions[k] = version
    end
  else
    versions[k] = stored_version or ''
  end
end
return versions
