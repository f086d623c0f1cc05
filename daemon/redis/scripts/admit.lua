-- Takes `cost` from every limit of a policy, or from none. A shadow limit is counted, but refuses nothing.
--
-- One script, because the verdict on all limits, the taking from all of them, the memory of the request and the
-- record of the decision must happen together, or not at all.
--
-- KEYS[1]       the memory of this request id
-- KEYS[2]       the log of decisions
-- KEYS[3]       how many decisions of each hour
-- KEYS[4]       the overrides that operators have set
-- KEYS[5..n+4]  the state of each of the n limits
-- KEYS[n+5..]   only where connections are recorded: their log, the last users, the newcomers, and the default
--               window's counts and progress
--
-- ARGV[1]  subject
-- ARGV[2]  policy
-- ARGV[3]  cost, 1 or more
-- ARGV[4]  how long the request id is remembered, in milliseconds; 0 where there is none
-- ARGV[5]  how long the logs are kept, in milliseconds
-- ARGV[6]  how many decisions the log holds at most
-- ARGV[7]  how long an hour's decisions are kept from its beginning, in milliseconds
-- ARGV[8]  n, the number of limits; for each of them follow
--          name, algorithm, size, window in microseconds, 1 for a shadow limit
-- then, only where connections are recorded:
--          how long the default window is, in milliseconds; how many last users to keep
--
-- Returns  { verdict, retry delay in microseconds or -1, 1 where the subject may be new, now in microseconds,
--            { what describe_limits says }, { what next_delays_us says, or nothing in an earlier version's answer } }
--          verdict: 1 admitted, 0 denied, -1 the request id was remembered with another cost (the rest is missing)

local LOG_STEPS = 4 -- log entries that one admission moves a window by; above 1, so that it catches up

local FIRST_LIMIT_KEY = 5
local FIRST_LIMIT_ARGUMENT = 9

local HOUR_MS = 60 * 60 * 1000

local subject, policy = ARGV[1], ARGV[2]
local cost, remember_ms, keep_ms, log_size, keep_hours_ms, limit_count = unpack(ARGV, 3, 8)
cost, remember_ms, limit_count = tonumber(cost), tonumber(remember_ms), tonumber(limit_count)
local clock_us = read_clock_us()

local function recall()
  local remembered = remember_ms > 0 and redis.call('GET', KEYS[1])
  if not remembered then return nil end
  local answer = cjson.decode(remembered)
  if answer.cost ~= cost then return { -1 } end
  return { 1, -1, 0, tonumber(answer.now_us), answer.statuses, answer.next_delays_us or {} }
end

local function record_connection(first_key)
  local log, recent, newcomers, counts, progress = unpack(KEYS, first_key, first_key + 4)
  local window_ms, recent_count = unpack(ARGV, FIRST_LIMIT_ARGUMENT + limit_count * LIMIT_ARGUMENTS)
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

local function log_decision(verdict)
  local key, oldest_ms = KEYS[2], math.floor(clock_us / 1000) - keep_ms
  redis.call('XADD', key, 'MAXLEN', '~', log_size, '*', 'subject', subject, 'policy', policy, 'cost', cost, 'verdict', verdict)
  redis.call('XTRIM', key, 'MINID', '~', string.format('%.0f', oldest_ms))
  redis.call('PEXPIRE', key, keep_ms)
end

-- Looks at two fields an hour and policy. A field is new twice an hour and policy, so an admission pays nothing for it.
local function forget_hours(key, oldest_ms)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if tonumber(string.match(field, '^%d+')) < oldest_ms then redis.call('HDEL', key, field) end
  end
end

local function count_decision(verdict)
  local key, now_ms = KEYS[3], math.floor(clock_us / 1000)
  local field = string.format('%.0f:%s:%s', now_ms - now_ms % HOUR_MS, policy, verdict)
  if redis.call('HINCRBY', key, field, 1) > 1 then return end
  forget_hours(key, now_ms - keep_hours_ms)
  redis.call('PEXPIRE', key, keep_hours_ms)
end

-- Whether the cost can be taken from every limit that may refuse; where not, until when, or nil for never.
local function decide(limits, now_us)
  local longest_us, never = 0, false
  for _, limit in ipairs(limits) do
    local delay_us = retry_delay_us(limit, cost, now_us)
    if limit.shadow == 1 then
      limit.shadow_denied = delay_us == 0 and 0 or 1
    elseif delay_us then
      longest_us = math.max(longest_us, delay_us)
    else
      never = true
    end
  end
  if never then return false, nil end
  return longest_us == 0, longest_us
end

local recalled = recall()
if recalled then return recalled end

local limits, now_us = load_limits({
  count = limit_count,
  first_key = FIRST_LIMIT_KEY,
  first_argument = FIRST_LIMIT_ARGUMENT,
  overrides_key = KEYS[4],
  policy = policy,
  subject = subject,
  clock_us = clock_us,
})
local admitted, delay_us = decide(limits, now_us)
local verdict = admitted and 'admitted' or 'denied'
log_decision(verdict)
count_decision(verdict)
if not admitted then
  -- Before anything is let go: what is told may stand in it.
  local statuses, next_us = describe_limits(limits, now_us), next_delays_us(limits, now_us)
  for _, limit in ipairs(limits) do keep(limit, now_us) end
  return { 0, delay_us or -1, 0, now_us, statuses, next_us }
end

for _, limit in ipairs(limits) do
  -- A shadow limit that would have refused has taken nothing, as if it had.
  if limit.shadow_denied == 0 then
    take(limit, cost, now_us)
    limit.is_foreign = false
  end
end
local statuses, next_us = describe_limits(limits, now_us), next_delays_us(limits, now_us)
for _, limit in ipairs(limits) do keep(limit, now_us) end
local newcomer = 0
if #KEYS >= FIRST_LIMIT_KEY + limit_count then newcomer = record_connection(FIRST_LIMIT_KEY + limit_count) end
if remember_ms > 0 then
  -- As text: cjson writes 14 digits of a number.
  local answer = { cost = cost, now_us = string.format('%.0f', now_us), statuses = statuses, next_delays_us = next_us }
  redis.call('SET', KEYS[1], cjson.encode(answer), 'PX', remember_ms)
end
return { 1, -1, newcomer, now_us, statuses, next_us }
