-- Moves the progress of one partition forward: how far Redis reflects it (P8).
--
-- KEYS[1]  orderstream:progress, a hash
-- ARGV[1]  field: <topic>:<partition>
-- ARGV[2]  from: the value that Redis must reflect already, or '' to set the progress after a rebuild
-- ARGV[3]  to: the value that Redis reflects afterwards
--
-- A value is <epoch, 10 digits>:<next offset, 20 digits>. The width is fixed, so that the order of the texts is the order of the numbers:
-- Lua's numbers are doubles and would round a big offset. A value has digits only, because Lua compares texts by the server's locale.
--
-- The script replies 1 if Redis now reflects `to` or more. Otherwise nothing has moved, because Redis has lost something, and the reply is
-- the value that Redis still has, '' for none.

local stored = redis.pcall('HGET', KEYS[1], ARGV[1])
local foreign = type(stored) == 'table'
if foreign and not string.find(stored.err, 'WRONGTYPE', 1, true) then
  return stored
end
-- A value of another shape says nothing about what Redis reflects.
if foreign or (stored and #stored ~= #ARGV[3]) then
  stored = false
end

if ARGV[2] ~= '' and (not stored or stored < ARGV[2]) then
  return stored or ''
end
if not stored or stored < ARGV[3] then
  if foreign then
    redis.call('DEL', KEYS[1])
  end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
