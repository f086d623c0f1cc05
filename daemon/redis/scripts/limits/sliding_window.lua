-- A sliding window: each token comes back exactly one window after it was taken, so no window ever holds more than the
-- limit. The enforced windows of a policy share the set of its takings; a shadow, which may not have taken all of them,
-- has its own set.

local sliding_window = {}

function sliding_window.prepare(limit)
  if limit.is_shadow then limit.takings = takings.new_view() end
end

-- Takes over from a token bucket, once: the bucket's debt counts as taken now, unless the set already holds it.
local function convert(limit, request)
  local state = redis.call('HMGET', limit.key, 'debt', 'units_per_token', 'whole_debt', 'whole_units_per_token')
  if not state[1] then return end
  local debt, per_token = tonumber(state[3] or state[1]), tonumber(state[4] or state[2])
  -- An override may end: what it hides must not be forgotten.
  local most = math.max(limit.size, limit.configured_size)
  local missing = math.min(most, math.ceil(debt / per_token))
  takings.add_unnamed(limit.takings, limit.taken, missing)
  if not request.is_read_only then redis.call('DEL', limit.key) end
  limit.taken = math.max(limit.taken, missing)
end

function sliding_window.load(limit, request)
  if limit.is_shadow then
    takings.open(limit.takings, limit.key, request)
  else
    limit.takings = request.takings
  end
  limit.taken = takings.count_within(limit.takings, limit.window_us)
  if limit.converted_us > 0 and not limit.is_shadow then convert(limit, request) end
end

-- Time until `cost` tokens are free at once, when enough of the oldest have come back.
function sliding_window.retry_delay_us(limit, cost, now_us)
  local kept = limit.size - cost
  if limit.taken <= kept then return 0 end
  return takings.newest_us(limit.takings, kept + 1) + limit.window_us - now_us
end

function sliding_window.describe(limit, now_us)
  local size, taken = limit.size, limit.taken
  if taken == 0 then return size, 0, 0 end
  local back_us = limit.window_us - now_us
  local reset_delay_us = takings.newest_us(limit.takings, 1) + back_us
  if taken < size then return size - taken, reset_delay_us, takings.newest_us(limit.takings, taken) + back_us end
  return 0, reset_delay_us, size == 0 and 0 or takings.newest_us(limit.takings, size) + back_us
end

function sliding_window.take(limit, request)
  if limit.is_shadow then takings.take(limit.takings, request.id, request.cost, true) end
  limit.taken = limit.taken + request.cost
end

-- Takes tokens at a past moment: a window counts each by its own time.
function sliding_window.restore(limit, request, at_us)
  if limit.is_shadow then takings.restore(limit.takings, request, true, at_us) end
end

-- The policy's takings already outlive its windows.
function sliding_window.keep(limit)
  if limit.is_shadow then takings.keep(limit.takings, limit.window_us) end
end

-- The policy's takings are refunded separately; a shadow that would have denied the request holds nothing of it.
function sliding_window.refund(limit, request)
  if limit.is_shadow then takings.remove(limit.takings, request.id, request.cost) end
end

algorithms.add('sliding-window', sliding_window)
