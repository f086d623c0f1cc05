-- The limits of a policy for one subject: their configuration, operators' overrides, and their state.

local limits = {}

-- Replaces configured sizes with those that an operator has set for this subject.
local function apply_overrides(loaded, request)
  local fields = {}
  for i, limit in ipairs(loaded) do
    fields[i] = request.policy.name .. ':' .. limit.name .. ':' .. request.subject
  end
  for i, stored in ipairs(redis.call('HMGET', request.overrides_key, unpack(fields))) do
    local override = stored and cjson.decode(stored)
    local end_us = override and override.expire_ms and override.expire_ms * 1000
    if override and not (end_us and end_us <= request.clock.now_us) then
      local limit = loaded[i]
      limit.override_end_us = end_us or false
      limit.size = math.min(override.limit, limit.algorithm.largest_size or override.limit)
      limit.is_overridden = true
    end
  end
end

-- Reads the limits of the request's policy for its subject. The keys of their states are in the order of the limits that
-- have one.
function limits.load(request)
  local loaded, key_at = request.policy.limits, request.key_at
  for i = 1, #loaded do
    local limit = loaded[i]
    limit.size, limit.is_overridden, limit.override_end_us = limit.configured_size, false, false
    limit.is_shadow_denied = false
    if limit.has_state then
      key_at = key_at + 1
      limit.key = request.keys[key_at]
    end
  end
  if request.has_overrides then apply_overrides(loaded, request) end
  for i = 1, #loaded do
    loaded[i].algorithm.load(loaded[i], request)
  end
  return loaded
end

-- Time until `cost` can be taken, in microseconds; nil for never.
local function retry_delay_us(limit, cost, now_us)
  local delay_us = cost <= limit.size and limit.algorithm.retry_delay_us(limit, cost, now_us) or nil
  if delay_us == 0 or not limit.override_end_us then return delay_us end
  -- When the override ends, another size applies: ask again then at the latest.
  local until_end_us = limit.override_end_us - now_us
  return math.min(delay_us or until_end_us, until_end_us)
end

-- Whether the cost can be taken from every limit that may deny; if not, the delay until it can, or -1 for never.
function limits.decide(loaded, cost, now_us)
  local longest_us, is_never = 0, false
  for i = 1, #loaded do
    local limit = loaded[i]
    local delay_us = retry_delay_us(limit, cost, now_us)
    if limit.is_shadow then
      limit.is_shadow_denied = delay_us ~= 0
    elseif delay_us then
      longest_us = math.max(longest_us, delay_us)
    else
      is_never = true
    end
  end
  if is_never then return false, -1 end
  return longest_us == 0, longest_us
end

-- Takes the cost from every limit. A shadow that would have denied takes nothing, as if it had denied.
function limits.take(loaded, request)
  for i = 1, #loaded do
    local limit = loaded[i]
    if not limit.is_shadow_denied then limit.algorithm.take(limit, request) end
  end
end

-- Takes the cost at a past moment, however little is left: it was admitted. A shadow that would deny it now takes
-- nothing.
function limits.restore(loaded, request, at_us)
  limits.decide(loaded, request.cost, request.clock.now_us)
  for i = 1, #loaded do
    local limit = loaded[i]
    if not limit.is_shadow_denied then limit.algorithm.restore(limit, request, at_us) end
  end
end

function limits.keep(loaded)
  for i = 1, #loaded do
    loaded[i].algorithm.keep(loaded[i])
  end
end

local IS_OVERRIDDEN, IS_SHADOW_DENIED, OVERRIDE_END_UNIT = 1, 2, 4

-- Writes five numbers for each limit after the first `count` values: size, remaining, reset delay and next delay in
-- microseconds, and flags: 1 if an override decides, plus 2 if it is a shadow that would have denied, plus 4 times the end
-- of the override in milliseconds, if it has one. Returns the new count.
function limits.describe(loaded, now_us, values, count)
  for i = 1, #loaded do
    local limit = loaded[i]
    values[count + 1] = limit.size
    values[count + 2], values[count + 3], values[count + 4] = limit.algorithm.describe(limit, now_us)
    local flags = (limit.is_overridden and IS_OVERRIDDEN or 0) + (limit.is_shadow_denied and IS_SHADOW_DENIED or 0)
    if limit.override_end_us then flags = flags + OVERRIDE_END_UNIT * limit.override_end_us / 1000 end
    values[count + 5] = flags
    count = count + 5
  end
  return count
end
