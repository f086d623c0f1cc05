-- A token bucket, stored as what is missing from it, `debt` in whole units, and since when. With the window and the size
-- in lowest terms, a token takes `per_token` units and each microsecond gives back `per_us`, so nothing is rounded.

local token_bucket = {}

-- Euclid's algorithm.
local function greatest_common_divisor(a, b)
  while b ~= 0 do
    a, b = b, a % b
  end
  return a
end

-- A bucket of size 0 gives nothing back; it is only asked whether it has room.
local function units_of(size, window_us)
  local divisor = greatest_common_divisor(size, window_us)
  return { per_token = window_us / divisor, per_us = math.max(1, size / divisor) }
end

function token_bucket.prepare(limit)
  limit.configured_units = units_of(limit.configured_size, limit.window_us)
end

-- Refills the bucket. If its size has changed, what was taken stays taken, in the new units; but a debt never exceeds one
-- full bucket, so that no change denies a subject for longer than one window.
function token_bucket.load(limit, request)
  local now_us = request.clock.now_us
  local units = limit.is_overridden and units_of(limit.size, limit.window_us) or limit.configured_units
  local state = redis.call('HMGET', limit.key, 'debt', 'units_per_token', 'at_us')
  local debt, per_token, at_us = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0)
  if limit.converted_us > 0 and not limit.is_shadow and not state[1] then
    debt, per_token, at_us = takings.count_before(limit, request) * units.per_token, units.per_token, now_us
  end
  if at_us > now_us then
    -- The clock has gone back: what was taken counts as taken now.
    at_us = now_us
    if not request.is_read_only then redis.call('HSET', limit.key, 'at_us', request.clock.now_text) end
  end
  if per_token ~= 0 and per_token ~= units.per_token then debt = math.ceil(debt * units.per_token / per_token) end
  debt = math.min(debt, limit.size * units.per_token)
  limit.units, limit.is_new = units, not state[1]
  limit.debt = math.max(0, debt - (now_us - at_us) * units.per_us)
end

-- Time until `cost` tokens are in the bucket.
function token_bucket.retry_delay_us(limit, cost)
  local missing = limit.debt + (cost - limit.size) * limit.units.per_token
  return math.max(0, math.ceil(missing / limit.units.per_us))
end

-- Time until the bucket is full.
local function reset_delay_us(limit)
  return math.ceil(limit.debt / limit.units.per_us)
end

function token_bucket.describe(limit)
  local per_token = limit.units.per_token
  local remaining = math.max(0, math.floor((limit.size * per_token - limit.debt) / per_token))
  local next_delay_us = remaining < limit.size and token_bucket.retry_delay_us(limit, remaining + 1) or 0
  return remaining, reset_delay_us(limit), next_delay_us
end

function token_bucket.take(limit, request)
  local per_token = limit.units.per_token
  limit.debt = limit.debt + request.cost * per_token
  local debt, units = to_text(limit.debt), to_text(per_token)
  if limit.is_new then redis.call('HSET', limit.key, 'since_us', request.clock.now_text) end
  redis.call('HSET', limit.key, 'debt', debt, 'units_per_token', units, 'at_us', request.clock.now_text)
end

-- Takes tokens at a past moment, after `load`. If tokens were taken since then, nothing is known to have come back in
-- between, so these count as taken then: they are back no later than a full bucket's refill.
function token_bucket.restore(limit, request, at_us)
  local units = limit.units
  local state = redis.call('HMGET', limit.key, 'debt', 'units_per_token', 'at_us')
  local debt, since_us = limit.debt, request.clock.now_us
  if not state[1] and debt == 0 then
    since_us = at_us
  elseif state[1] and tonumber(state[2]) == units.per_token then
    since_us = tonumber(state[3])
    debt = tonumber(state[1]) - math.max(0, at_us - since_us) * units.per_us
    since_us = math.max(since_us, at_us)
  end
  debt = math.min(math.max(0, debt) + request.cost * units.per_token, limit.size * units.per_token)
  if not state[1] then redis.call('HSET', limit.key, 'since_us', to_text(at_us)) end
  redis.call('HSET', limit.key, 'debt', to_text(debt), 'units_per_token', to_text(units.per_token), 'at_us', to_text(since_us))
  -- Full again or not: another admission of the outage may follow, and a key without an expiry would stay forever.
  keep_for(limit.key, limit.window_us)
end

-- A full bucket equals a new one, so its key may expire then. It is full after one window for any size: keeping it until
-- then is enough, and no denial with another size need write.
function token_bucket.keep(limit)
  if limit.debt > 0 then keep_for(limit.key, limit.window_us) end
end

-- Gives back those of a request's tokens that cannot have refilled since: if the bucket was full in between, they have,
-- and only later ones are missing. A bucket newer than the request, after a reset or a reload, misses none of them.
function token_bucket.refund(limit, request, taken_us)
  local since_us = redis.call('HGET', limit.key, 'since_us')
  if not since_us or taken_us < tonumber(since_us) then return end
  local now_us, units = request.clock.now_us, limit.units
  local taken = math.min(request.cost, limit.size) * units.per_token
  local missing = taken - math.max(0, now_us - taken_us) * units.per_us
  if missing <= 0 then return end
  local debt, per_token = to_text(math.max(0, limit.debt - missing)), to_text(units.per_token)
  redis.call('HSET', limit.key, 'debt', debt, 'units_per_token', per_token, 'at_us', request.clock.now_text)
end

algorithms.add('token-bucket', token_bucket)
