-- A sliding window: one sorted-set member for each token taken, scored by the microsecond of its taking.
-- Each token comes back exactly one window after it was taken, so no window ever holds more than the limit.

local sliding_window = {
  type = 'zset',
  -- It keeps every token, so it has a bound: an override may have been set for another algorithm.
  largest_size = 1000,
}

-- The moment of the subject's latest taking: its time never runs back behind it.
function sliding_window.latest_us(limit)
  local newest = redis.call('ZRANGE', limit.key, -1, -1, 'WITHSCORES')
  limit.latest_us = tonumber(newest[2] or 0)
  return limit.latest_us
end

-- Counts only: whoever looks must not throw away what another daemon, with another window, still counts.
function sliding_window.refill(limit, now_us)
  limit.back = redis.call('ZCOUNT', limit.key, '-inf', now_us - limit.window_us)
  limit.taken = redis.call('ZCARD', limit.key) - limit.back
end

function sliding_window.start_empty(limit)
  limit.latest_us, limit.back, limit.taken = 0, 0, 0
end

function sliding_window.remaining(limit)
  return math.max(0, limit.size - limit.taken)
end

-- Until `cost` tokens are free at once: until enough of the oldest have come back.
function sliding_window.retry_delay_us(limit, cost, now_us)
  local excess = limit.taken + cost - limit.size
  if excess <= 0 then return 0 end
  local rank = limit.back + excess - 1
  local last_needed = redis.call('ZRANGE', limit.key, rank, rank, 'WITHSCORES')
  return tonumber(last_needed[2]) + limit.window_us - now_us
end

function sliding_window.take(limit, cost, now_us)
  redis.call('ZREMRANGEBYSCORE', limit.key, '-inf', now_us - limit.window_us)
  local entries = {}
  for i = 1, cost do
    entries[#entries + 1] = now_us
    -- Nothing comes back within one microsecond, so the running count tells its takings apart.
    entries[#entries + 1] = string.format('%.0f-%d', now_us, limit.taken + i)
  end
  redis.call('ZADD', limit.key, unpack(entries))
  limit.back, limit.taken = 0, limit.taken + cost
  limit.latest_us = now_us
end

function sliding_window.reset_delay_us(limit, now_us)
  if limit.taken == 0 then return 0 end
  return limit.latest_us + limit.window_us - now_us
end
