-- A token bucket, kept as what is missing from it: `debt` in whole units, of which a token takes
-- `units_per_token` and each microsecond gives back `units_per_us`. Whole numbers only, so nothing is rounded.

local token_bucket = {}

-- The moment of the bucket's latest change: the subject's time never runs back behind it.
function token_bucket.latest_us(limit)
  return tonumber(redis.call('HGET', limit.key, 'at_us') or 0)
end

function token_bucket.refill(limit, now_us)
  local state = redis.call('HMGET', limit.key, 'debt', 'units_per_token', 'at_us')
  local debt, units_per_token, at_us = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0)
  if units_per_token ~= 0 and units_per_token ~= limit.units_per_token then
    -- The policies file has changed the limit: what was taken stays taken, in the new units.
    debt = math.ceil(debt / units_per_token * limit.units_per_token)
  end
  limit.debt = math.max(0, debt - (now_us - at_us) * limit.units_per_us)
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
  -- A full bucket equals a new one, so its key may expire.
  redis.call('PEXPIREAT', limit.key, math.ceil((now_us + token_bucket.reset_delay_us(limit)) / 1000))
end

function token_bucket.reset_delay_us(limit)
  return math.ceil(limit.debt / limit.units_per_us)
end
