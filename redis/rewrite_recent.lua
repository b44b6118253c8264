-- Replaces the list of the newest orders, at most once per turn over all processes.
--
-- KEYS[1]  recent_orders, a list
-- KEYS[2]  the turn, which lets the process that sets it write the list
-- ARGV[1]  how many milliseconds a turn lasts
-- ARGV[2..]  the orders as JSON, newest first
--
-- The script replies 1 if the list was replaced, and 0 if another process had the turn.

if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
if #ARGV > 1 then
  redis.call('RPUSH', KEYS[1], unpack(ARGV, 2))
end
return 1
