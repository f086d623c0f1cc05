-- Other sizes that operators set for single subjects.

-- Stores their number, so that an admission looks for overrides only if there are any.
local function count_overrides(control_key, overrides_key)
  redis.call('HSET', control_key, 'overrides', redis.call('HLEN', overrides_key))
  control.summarize(control_key)
end

-- Sets another size for one limit of one subject.
--
-- One function, because its start and its end are times of Redis's clock.
--
-- KEYS[1]  control
-- KEYS[2]  the overrides
--
-- ARGV[1]  the field: policy, limit and subject
-- ARGV[2]  the size
-- ARGV[3]  when it ends, in milliseconds; empty means never
-- ARGV[4]  who sets it
--
-- Returns  when it was set, in milliseconds; -1 if the end has passed; then nothing is set
register('set_override', function(keys, args)
  local now_ms = math.floor(read_clock_us() / 1000)
  local expire_ms = tonumber(args[3])
  if expire_ms and expire_ms <= now_ms then return -1 end
  local override = { limit = tonumber(args[2]), expire_ms = expire_ms, set_by = args[4], set_ms = now_ms }
  redis.call('HSET', keys[2], args[1], cjson.encode(override))
  count_overrides(keys[1], keys[2])
  return now_ms
end)

-- Sets a temporary override, unless it would weaken an active one: make it smaller, end it sooner, or lift one that
-- lowers the limit.
--
-- One function, because an operator may set another override just before.
--
-- KEYS[1]  control
-- KEYS[2]  the overrides
--
-- ARGV[1]  the field: policy, limit and subject
-- ARGV[2]  the size
-- ARGV[3]  how long it holds, in milliseconds
-- ARGV[4]  who sets it
-- ARGV[5]  the size that the policies file gives the limit
--
-- Returns  when it was set, in milliseconds; -1 if it would weaken an active one; then nothing is set
register('raise_limit', function(keys, args)
  local now_ms = math.floor(read_clock_us() / 1000)
  local size, expire_ms = tonumber(args[2]), now_ms + tonumber(args[3])
  local stored = redis.call('HGET', keys[2], args[1])
  local held = stored and cjson.decode(stored)
  local is_over = not held or (held.expire_ms and held.expire_ms <= now_ms)
  if not is_over and (held.limit > size or held.limit < tonumber(args[5])) then return -1 end
  if not is_over and (not held.expire_ms or held.expire_ms > expire_ms) then return -1 end
  local override = { limit = size, expire_ms = expire_ms, set_by = args[4], set_ms = now_ms }
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

-- Removes expired overrides.
--
-- One function, because an operator may have set one of them again since it was read.
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
