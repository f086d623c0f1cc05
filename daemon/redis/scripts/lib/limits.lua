-- The limits of a policy for one subject: what is configured, what an operator has set instead, and where they stand.

local algorithms = { ['sliding-window'] = sliding_window, ['token-bucket'] = token_bucket }

-- What each limit takes in ARGV: name, algorithm, size, window in microseconds, and 1 for a shadow limit.
local LIMIT_ARGUMENTS = 5

-- Puts the sizes that an operator has set for this subject in the place of the configured ones.
local function apply_overrides(limits, overrides_key, policy, subject, clock_us)
  local fields = {}
  for i, limit in ipairs(limits) do fields[i] = policy .. ':' .. limit.name .. ':' .. subject end
  for i, stored in ipairs(redis.call('HMGET', overrides_key, unpack(fields))) do
    local override = stored and cjson.decode(stored)
    local end_us = override and override.expire_ms and override.expire_ms * 1000
    if override and not (end_us and end_us <= clock_us) then
      limits[i].override_end_us = end_us
      limits[i].size = math.min(override.limit, limits[i].algorithm.largest_size or override.limit)
      limits[i].overridden = 1
    end
  end
end

-- Reads `count` limits, whose keys begin at KEYS[first_key] and whose arguments at ARGV[first_argument].
-- Returns them, refilled, and the subject's time.
local function load_limits(request)
  local limits, now_us = {}, request.clock_us
  for i = 1, request.count do
    local at = request.first_argument + (i - 1) * LIMIT_ARGUMENTS
    local name, algorithm, size, window_us, shadow = unpack(ARGV, at, at + LIMIT_ARGUMENTS - 1)
    limits[i] = {
      key = KEYS[request.first_key + i - 1],
      name = name,
      algorithm = algorithms[algorithm],
      size = tonumber(size),
      window_us = tonumber(window_us),
      shadow = tonumber(shadow),
      shadow_denied = 0,
      overridden = 0,
    }
  end
  apply_overrides(limits, request.overrides_key, request.policy, request.subject, request.clock_us)

  for _, limit in ipairs(limits) do
    -- The policies file may have changed the algorithm: the other one's state is of no use.
    local type = redis.call('TYPE', limit.key).ok
    limit.is_foreign = type ~= 'none' and type ~= limit.algorithm.type
    if not limit.is_foreign then now_us = math.max(now_us, limit.algorithm.latest_us(limit)) end
  end
  for _, limit in ipairs(limits) do
    if limit.is_foreign then limit.algorithm.start_empty(limit) else limit.algorithm.refill(limit, now_us) end
    -- Where the clock has gone back, it has to come up to the subject's time first.
    limit.ahead_us = now_us - request.clock_us
  end
  return limits, now_us
end

-- Until `cost` can be taken, in microseconds; nil where that never comes.
local function retry_delay_us(limit, cost, now_us)
  local delay_us = cost <= limit.size and limit.algorithm.retry_delay_us(limit, cost, now_us) or nil
  if delay_us == 0 then return 0 end
  if delay_us then delay_us = delay_us + limit.ahead_us end
  if not limit.override_end_us then return delay_us end
  -- At the override's end another size decides: that is when to ask again, at the latest.
  local until_end_us = limit.override_end_us - (now_us - limit.ahead_us)
  return math.min(delay_us or until_end_us, until_end_us)
end

local function reset_delay_us(limit, now_us)
  local delay_us = limit.algorithm.reset_delay_us(limit, now_us)
  return delay_us == 0 and 0 or delay_us + limit.ahead_us
end

-- Until one more is free than now, in microseconds, for each limit; 0 where all of it is free. A list of its own:
-- the other values are remembered as they are, where daemons of several versions read them.
local function next_delays_us(limits, now_us)
  local delays_us = {}
  for i, limit in ipairs(limits) do
    local remaining = limit.algorithm.remaining(limit)
    local is_whole = remaining >= limit.size
    delays_us[i] = is_whole and 0 or limit.algorithm.retry_delay_us(limit, remaining + 1, now_us) + limit.ahead_us
  end
  return delays_us
end

-- Takes the cost, in place of a state that another algorithm has left.
local function take(limit, cost, now_us)
  if limit.is_foreign then redis.call('DEL', limit.key) end
  limit.algorithm.take(limit, cost, now_us)
end

-- Lets a state go once all of the limit is free: then it equals a new one. Never earlier than it would already:
-- the window may have grown since the last taking.
local function keep(limit, now_us)
  if limit.is_foreign then return end
  local free_us = now_us + limit.algorithm.reset_delay_us(limit, now_us)
  local free_ms = string.format('%.0f', math.ceil(free_us / 1000))
  if redis.call('PTTL', limit.key) == -1 then
    redis.call('PEXPIREAT', limit.key, free_ms)
  else
    redis.call('PEXPIREAT', limit.key, free_ms, 'GT')
  end
end

-- { name, size, remaining, window in microseconds, reset delay in microseconds, shadow, shadow denied, overridden, ... }
local function describe_limits(limits, now_us)
  local statuses = {}
  for _, limit in ipairs(limits) do
    local values = {
      limit.name,
      limit.size,
      limit.algorithm.remaining(limit),
      limit.window_us,
      reset_delay_us(limit, now_us),
      limit.shadow,
      limit.shadow_denied,
      limit.overridden,
    }
    for _, value in ipairs(values) do statuses[#statuses + 1] = value end
  end
  return statuses
end
