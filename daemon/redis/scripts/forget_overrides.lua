-- Removes overrides whose end has passed.
--
-- One script, because an operator may have set one of them anew since it was read.
--
-- KEYS[1]  the overrides of the partition
--
-- ARGV     the fields: policy, limit and subject
--
-- Returns  nothing

local now_ms = read_clock_us() / 1000
for _, field in ipairs(ARGV) do
  local stored = redis.call('HGET', KEYS[1], field)
  local override = stored and cjson.decode(stored)
  if override and override.expire_ms and override.expire_ms <= now_ms then redis.call('HDEL', KEYS[1], field) end
end
