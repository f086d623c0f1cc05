-- Sets another size for one limit of one subject.
--
-- One script, because the time that it was set at is Redis's own, as is the time that it ends at.
--
-- KEYS[1]  the overrides of the partition
--
-- ARGV[1]  the field: policy, limit and subject
-- ARGV[2]  the size
-- ARGV[3]  when it ends, in milliseconds; empty means never
-- ARGV[4]  who sets it
--
-- Returns  when it was set, in milliseconds; -1 where the end has passed, and nothing is set

local now_ms = math.floor(read_clock_us() / 1000)
local expire_ms = tonumber(ARGV[3])
if expire_ms and expire_ms <= now_ms then return -1 end
local override = { limit = tonumber(ARGV[2]), expire_ms = expire_ms, set_by = ARGV[4], set_ms = now_ms }
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(override))
return now_ms
