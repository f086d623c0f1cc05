-- A token bucket, stored as what is missing from it, `debt` in whole units, and since when. With the window and the size
-- in lowest terms, a token takes `per_token` units and each microsecond gives back `per_us`, so nothing is rounded.
--
-- While an override lowers the size, the whole bucket, of the configured size, goes on behind the lowered one: each token
-- that is taken is missing from both, and what was taken before the override stays missing from the whole one, which
-- decides again once the override ends. A write under such an override adds what is missing from the whole bucket
-- (`whole_debt`, `whole_units_per_token`), and since when which size was written (`lowered_us`, `lowered_to`).

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

-- What is missing from a bucket of this size after a time. If its size has changed, what was taken stays taken, in the new
-- units; but never more than one full bucket is missing, so that no change denies a subject for longer than one window.
local function refilled(debt, per_token, elapsed_us, size, units)
  if per_token ~= 0 and per_token ~= units.per_token then debt = math.ceil(debt * units.per_token / per_token) end
  return math.max(0, math.min(debt, size * units.per_token) - elapsed_us * units.per_us)
end

-- Refills both buckets from a state that was written under a lowering override.
local function load_lowered(limit, debt, per_token, elapsed_us)
  local state = redis.call('HMGET', limit.key, 'whole_debt', 'whole_units_per_token', 'lowered_to', 'lowered_us')
  local whole_debt, whole_per_token = tonumber(state[1]), tonumber(state[2])
  if limit.is_lowered then
    limit.whole_debt =
      refilled(whole_debt, whole_per_token, elapsed_us, limit.configured_size, limit.configured_units)
  end
  if tonumber(state[3]) == limit.size then
    limit.lowered_us = tonumber(state[4])
    return refilled(debt, per_token, elapsed_us, limit.size, limit.units)
  end
  local left = refilled(whole_debt, whole_per_token, elapsed_us, limit.size, limit.units)
  if not limit.is_lowered then return left end
  return math.max(left, refilled(debt, per_token, elapsed_us, limit.size, limit.units))
end

-- Refills the bucket.
function token_bucket.load(limit, request)
  local now_us = request.clock.now_us
  local units = limit.is_overridden and units_of(limit.size, limit.window_us) or limit.configured_units
  local state = redis.call('HMGET', limit.key, 'debt', 'units_per_token', 'at_us', 'whole_debt')
  local debt, per_token, at_us = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0)
  if limit.converted_us > 0 and not limit.is_shadow and not state[1] then
    debt, per_token, at_us = takings.count_before(limit, request) * units.per_token, units.per_token, now_us
  end
  if at_us > now_us then
    -- The clock has gone back: what was taken counts as taken now.
    at_us = now_us
    if not request.is_read_only then redis.call('HSET', limit.key, 'at_us', request.clock.now_text) end
  end
  limit.units, limit.is_new, limit.has_whole = units, not state[1], state[4]
  limit.is_lowered, limit.lowered_us = limit.size < limit.configured_size, false
  if state[4] then
    limit.debt = load_lowered(limit, debt, per_token, now_us - at_us)
    return
  end
  limit.debt = refilled(debt, per_token, now_us - at_us, limit.size, units)
  if limit.is_lowered then
    limit.whole_debt = refilled(debt, per_token, now_us - at_us, limit.configured_size, limit.configured_units)
  end
end

-- Writes what is missing.
local function save(limit, now_text, at_text)
  local debt, units = to_text(limit.debt), to_text(limit.units.per_token)
  redis.call('HSET', limit.key, 'debt', debt, 'units_per_token', units, 'at_us', at_text)
  if limit.is_lowered then
    local whole_debt, whole_units = to_text(limit.whole_debt), to_text(limit.configured_units.per_token)
    redis.call('HSET', limit.key, 'whole_debt', whole_debt, 'whole_units_per_token', whole_units)
    if not limit.lowered_us then
      redis.call('HSET', limit.key, 'lowered_to', to_text(limit.size), 'lowered_us', now_text)
    end
  elseif limit.has_whole then
    redis.call('HDEL', limit.key, 'whole_debt', 'whole_units_per_token', 'lowered_to', 'lowered_us')
  end
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
  limit.debt = limit.debt + request.cost * limit.units.per_token
  if limit.is_lowered then
    limit.whole_debt = limit.whole_debt + request.cost * limit.configured_units.per_token
  end
  if limit.is_new then redis.call('HSET', limit.key, 'since_us', request.clock.now_text) end
  save(limit, request.clock.now_text, request.clock.now_text)
end

-- What is missing after a taking, however little was left.
local function after_taking(debt, cost, size, units)
  return math.min(math.max(0, debt) + cost * units.per_token, size * units.per_token)
end

-- Takes tokens at a past moment, after `load`. If tokens were taken since then, nothing is known to have come back in
-- between, so these count as taken then: they are back no later than a full bucket's refill. If the bucket is or was
-- lowered, they count as taken now, unless it is new.
function token_bucket.restore(limit, request, at_us)
  local units = limit.units
  local state = redis.call('HMGET', limit.key, 'debt', 'units_per_token', 'at_us')
  local debt, since_us = limit.debt, request.clock.now_us
  if not state[1] and debt == 0 then
    since_us = at_us
  elseif state[1] and tonumber(state[2]) == units.per_token and not (limit.is_lowered or limit.has_whole) then
    since_us = tonumber(state[3])
    debt = tonumber(state[1]) - math.max(0, at_us - since_us) * units.per_us
    since_us = math.max(since_us, at_us)
  end
  limit.debt = after_taking(debt, request.cost, limit.size, units)
  if limit.is_lowered then
    limit.whole_debt =
      after_taking(limit.whole_debt, request.cost, limit.configured_size, limit.configured_units)
  end
  if not state[1] then redis.call('HSET', limit.key, 'since_us', to_text(at_us)) end
  save(limit, request.clock.now_text, to_text(since_us))
  -- Full again or not: another admission of the outage may follow, and a key without an expiry would stay forever.
  keep_for(limit.key, limit.window_us)
end

-- A full bucket equals a new one, so its key may expire then. It is full after one window for any size: keeping it until
-- then is enough, and no denial with another size need write.
function token_bucket.keep(limit)
  if limit.debt > 0 then keep_for(limit.key, limit.window_us) end
end

-- Those of a request's tokens that cannot have refilled since, in units: if the bucket was full in between, they have, and
-- only later ones are missing.
local function still_missing(cost, elapsed_us, size, units)
  return math.max(0, math.min(cost, size) * units.per_token - elapsed_us * units.per_us)
end

-- Gives back what is still missing of a request. A bucket newer than the request, after a reset or a reload, misses nothing
-- of it. A lowered bucket gives back only what was taken since it has had its size: of an earlier request, another size may
-- have bounded what is missing, or another pace refilled it, so only the whole bucket gives that back.
function token_bucket.refund(limit, request, taken_us)
  local since_us = redis.call('HGET', limit.key, 'since_us')
  if not since_us or taken_us < tonumber(since_us) then return end
  local elapsed_us = math.max(0, request.clock.now_us - taken_us)
  local is_of_size = not limit.is_lowered or limit.lowered_us and taken_us >= limit.lowered_us
  local missing = is_of_size and still_missing(request.cost, elapsed_us, limit.size, limit.units) or 0
  local whole_missing = limit.is_lowered
      and still_missing(request.cost, elapsed_us, limit.configured_size, limit.configured_units)
    or 0
  if missing == 0 and whole_missing == 0 then return end
  limit.debt = math.max(0, limit.debt - missing)
  if limit.is_lowered then limit.whole_debt = math.max(0, limit.whole_debt - whole_missing) end
  save(limit, request.clock.now_text, request.clock.now_text)
end

algorithms.add('token-bucket', token_bucket)
