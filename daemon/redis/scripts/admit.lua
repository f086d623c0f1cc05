-- Takes `cost` from every limit of a policy, or from none.
--
-- One script, because the verdict on all limits, the taking from all of them, the memory of the request and the
-- record of the connection must happen together, or not at all.
--
-- KEYS[1]       the memory of this request id
-- KEYS[2..n+1]  the state of each of the n limits
-- KEYS[n+2..]   only where connections are recorded: their log, the last users, the newcomers, and the default
--               window's counts and progress
--
-- ARGV[1]  subject
-- ARGV[2]  cost, 1 or more
-- ARGV[3]  how long the request id is remembered, in milliseconds; 0 where there is none
-- ARGV[4]  n, the number of limits; for each of them follow
--          name, algorithm, size, window in microseconds, units per token, units per microsecond
-- then, only where connections are recorded:
--          how long the log is kept and how long the default window is, in milliseconds; how many last users to keep
--
-- Returns  { verdict, retry delay in microseconds or -1, 1 where the subject may be new, now in microseconds,
--            { name, size, remaining, window in microseconds, reset delay in microseconds, ... } }
--          verdict: 1 admitted, 0 denied, -1 the request id was remembered with another cost (the rest is missing)

local LOG_STEPS = 4 -- log entries that one admission moves a window by; above 1, so that it catches up

local algorithms = { ['sliding-window'] = sliding_window, ['token-bucket'] = token_bucket }
local types = { ['sliding-window'] = 'zset', ['token-bucket'] = 'hash' }

local time = redis.call('TIME')
local clock_us = time[1] * 1000000 + time[2]
local subject, cost, remember_ms, limit_count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local next_argument = 5

local function read_limit(index)
  local name, algorithm, size, window_us, units_per_token, units_per_us =
    unpack(ARGV, next_argument, next_argument + 5)
  next_argument = next_argument + 6
  return {
    key = KEYS[1 + index],
    name = name,
    algorithm = algorithms[algorithm],
    type = types[algorithm],
    size = tonumber(size),
    window_us = tonumber(window_us),
    units_per_token = tonumber(units_per_token),
    units_per_us = tonumber(units_per_us),
  }
end

local function recall()
  local remembered = remember_ms > 0 and redis.call('GET', KEYS[1])
  if not remembered then return nil end
  local answer = cjson.decode(remembered)
  if answer.cost ~= cost then return { -1 } end
  return { 1, -1, 0, answer.now_ms * 1000, answer.statuses }
end

local function record_connection(first_key)
  local log, recent, newcomers, counts, progress = unpack(KEYS, first_key, first_key + 4)
  local keep_ms, window_ms, recent_count = unpack(ARGV, next_argument, next_argument + 2)
  local id = redis.call('XADD', log, '*', 'subject', subject)
  local connect_ms = tonumber(string.match(id, '^%d+'))

  -- In microseconds, so that two users of one millisecond stand in the order in which they came.
  redis.call('ZADD', recent, 'GT', clock_us, subject)
  redis.call('ZREMRANGEBYRANK', recent, 0, -1 - recent_count)

  local window = { log = log, counts = counts, progress = progress, length_ms = window_ms, keep_ms = window_ms }
  local _, retired = advance(window, connect_ms, LOG_STEPS)
  -- An entry may go only when no window has still to take it off.
  local oldest_ms = math.min(connect_ms - keep_ms, tonumber(string.match(retired, '^%d+')))
  redis.call('XTRIM', log, 'MINID', '~', string.format('%.0f', oldest_ms))
  redis.call('PEXPIRE', log, keep_ms)

  -- At most one connection in the window: perhaps the first ever. Whoever drains this set asks no more than that.
  local is_newcomer = tonumber(redis.call('ZSCORE', counts, subject) or 0) <= 1
  if is_newcomer then redis.call('SADD', newcomers, subject) end
  return is_newcomer and 1 or 0
end

local recalled = recall()
if recalled then return recalled end

local limits = {}
local now_us = clock_us
for i = 1, limit_count do
  local limit = read_limit(i)
  -- The policies file may have changed the algorithm: the other one's state is of no use.
  local type = redis.call('TYPE', limit.key).ok
  if type ~= 'none' and type ~= limit.type then redis.call('DEL', limit.key) end
  now_us = math.max(now_us, limit.algorithm.latest_us(limit))
  limits[i] = limit
end

local retry_delay_us, never = 0, false
for _, limit in ipairs(limits) do
  limit.algorithm.refill(limit, now_us)
  if cost > limit.size then
    never = true
  else
    retry_delay_us = math.max(retry_delay_us, limit.algorithm.retry_delay_us(limit, cost, now_us))
  end
end
local admitted = not never and retry_delay_us == 0

local statuses = {}
for _, limit in ipairs(limits) do
  local algorithm = limit.algorithm
  if admitted then algorithm.take(limit, cost, now_us) end
  local reset_delay_us = algorithm.reset_delay_us(limit, now_us)
  for _, value in ipairs({ limit.name, limit.size, algorithm.remaining(limit), limit.window_us, reset_delay_us }) do
    statuses[#statuses + 1] = value
  end
end

if not admitted then return { 0, never and -1 or retry_delay_us, 0, now_us, statuses } end

local newcomer = 0
if #KEYS > limit_count + 1 then newcomer = record_connection(limit_count + 2) end
if remember_ms > 0 then
  local answer = { cost = cost, now_ms = math.floor(now_us / 1000), statuses = statuses }
  redis.call('SET', KEYS[1], cjson.encode(answer), 'PX', remember_ms)
end
return { 1, -1, newcomer, now_us, statuses }
