-- Other sizes that operators set for single subjects.

-- Writes down how many there are, so that an admission looks for one only if there is any.
local function count_overrides(control_key, overrides_key)
  redis.call('HSET', control_key, 'overrides', redis.call('HLEN', overrides_key))
  control.summarize(control_key)
end

-- Sets another size for one limit of one subject.
--
-- One function, because the time that it was set at is Redis's own, as is the time that it ends at.
--
-- KEYS[1]  control
-- KEYS[2]  the overrides
--
-- ARGV[1]  the field: policy, limit and subject
-- ARGV[2]  the size
-- ARGV[3]  when it ends, in milliseconds; empty means never
-- ARGV[4]  who sets it
--
-- Returns  when it was set, in milliseconds; -1 if the end has passed, and nothing is set
register('set_override', function(keys, args)
  local now_ms = math.floor(read_clock_us() / 1000)
  local expire_ms = tonumber(args[3])
  if expire_ms and expire_ms <= now_ms then return -1 end
  local override = { limit = tonumber(args[2]), expire_ms = expire_ms, set_by = args[4], set_ms = now_ms }
  redis.call('HSET', keys[2], args[1], cjson.encode(override))
  count_overrides(keys[1], keys[2])
  return now_ms
end)

-- Removes an override.
--
-- KEYS[1]  control
-- KEYS[2]  the overrides
-- ARGV[1]  the field: policy, limit and subject
-- Returns  1, or 0 if there was none
register('clear_override', function(keys, args)
  local removed = redis.call('HDEL', keys[2], args[1])
  count_overrides(keys[1], keys[2])
  return removed
end)

-- Removes overrides whose end has passed.
--
-- One function, because an operator may have set one of them anew since it was read.
--
-- KEYS[1]  control
-- KEYS[2]  the overrides
-- ARGV     the fields: policy, limit and subject
-- Returns  nothing
register('forget_overrides', function(keys, args)
  local now_ms = read_clock_us() / 1000
  for _, field in ipairs(args) do
    local stored = redis.call('HGET', keys[2], field)
    local override = stored and cjson.decode(stored)
    if override and override.expire_ms and override.expire_ms <= now_ms then redis.call('HDEL', keys[2], field) end
  end
  count_overrides(keys[1], keys[2])
end)
