-- A token bucket, kept as what is missing from it: `debt` in whole units. With the window and the size in lowest
-- terms, a token takes `units_per_token` and each microsecond gives back `units_per_us`, so nothing is rounded.

local token_bucket = { type = 'hash' }

-- Euclid's algorithm.
local function greatest_common_divisor(a, b)
  while b ~= 0 do a, b = b, a % b end
  return a
end

-- A bucket of size 0 gives nothing back; it is never asked for more than whether it has room.
local function set_units(limit)
  local divisor = greatest_common_divisor(limit.size, limit.window_us)
  limit.units_per_token = limit.window_us / divisor
  limit.units_per_us = math.max(1, limit.size / divisor)
end

-- The moment of the bucket's latest change: the subject's time never runs back behind it.
function token_bucket.latest_us(limit)
  return tonumber(redis.call('HGET', limit.key, 'at_us') or 0)
end

function token_bucket.refill(limit, now_us)
  set_units(limit)
  local state = redis.call('HMGET', limit.key, 'debt', 'units_per_token', 'at_us')
  local debt, units_per_token, at_us = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0)
  if units_per_token ~= 0 and units_per_token ~= limit.units_per_token then
    -- The limit has been changed since: what was taken stays taken, in the new units.
    debt = math.ceil(debt / units_per_token * limit.units_per_token)
  end
  limit.debt = math.max(0, debt - (now_us - at_us) * limit.units_per_us)
end

function token_bucket.start_empty(limit)
  set_units(limit)
  limit.debt = 0
end

function token_bucket.remaining(limit)
  return math.max(0, math.floor((limit.size * limit.units_per_token - limit.debt) / limit.units_per_token))
end

function token_bucket.retry_delay_us(limit, cost)
  local missing = limit.debt + (cost - limit.size) * limit.units_per_token
  return math.max(0, math.ceil(missing / limit.units_per_us))
end

function token_bucket.take(limit, cost, now_us)
  limit.debt = limit.debt + cost * limit.units_per_token
  redis.call('HSET', limit.key, 'debt', limit.debt, 'units_per_token', limit.units_per_token, 'at_us', now_us)
end

function token_bucket.reset_delay_us(limit)
  return math.ceil(limit.debt / limit.units_per_us)
end
