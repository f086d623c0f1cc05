-- Makes everything that the daemon has written look as if it had happened earlier. Only for the demonstration, and only
-- on a Redis of its own: it looks at every key, and rewrites every log.
--
-- One script, because the logs, the counts by hour and the states of the limits, in both databases, must never be seen
-- at different times.
--
-- KEYS     six of each partition: the log of decisions, how many decisions of each hour, the log of connections, the last
--          users, the default window's progress, and the log of calls, which is in the other database
--
-- ARGV[1]  by how much, in milliseconds; more than the counts of idle windows are kept for, so that they go
-- ARGV[2]  the pattern of the daemon's keys
-- ARGV[3]  what the keys of the limits' states begin with
-- ARGV[4]  the number of the database of calls
--
-- Returns  nothing

local shift_ms, pattern, limits_begin, calls_database = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

local KEYS_PER_PARTITION = 6
local HOUR_MS = 60 * 60 * 1000

local function earlier(ms)
  return string.format('%.0f', ms - shift_ms)
end

local function earlier_id(id)
  local ms, rest = string.match(id, '^(%d+)(.*)$')
  return earlier(tonumber(ms)) .. rest
end

local function age_scores_us(key)
  local shift_us = string.format('%.0f', -shift_ms * 1000)
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, shift_us, member) end
end

-- What would have expired in that time expires now: small windows and remembered requests go, long ones stay in part.
local function age_keys()
  for _, key in ipairs(redis.call('KEYS', pattern)) do
    local left_ms = redis.call('PTTL', key)
    if left_ms >= 0 then redis.call('PEXPIRE', key, left_ms - shift_ms) end
    if string.find(key, limits_begin, 1, true) == 1 then
      local type = redis.call('TYPE', key).ok
      if type == 'zset' then age_scores_us(key) end
      if type == 'hash' then redis.call('HINCRBY', key, 'at_us', string.format('%.0f', -shift_ms * 1000)) end
    end
  end
end

-- Ids of a stream only grow, so it is written anew.
local function age_log(key, age_fields)
  local entries, left_ms = redis.call('XRANGE', key, '-', '+'), redis.call('PTTL', key)
  if #entries == 0 then return end
  redis.call('DEL', key)
  for _, entry in ipairs(entries) do
    local id, fields = unpack(entry)
    if age_fields then age_fields(fields, tonumber(string.match(id, '^%d+'))) end
    redis.call('XADD', key, earlier_id(id), unpack(fields))
  end
  if left_ms >= 0 then redis.call('PEXPIRE', key, left_ms) end
end

local function age_progress(key)
  local added, retired = unpack(redis.call('HMGET', key, 'added', 'retired'))
  if added then redis.call('HSET', key, 'added', earlier_id(added), 'retired', earlier_id(retired)) end
end

local function hour_field(ms, policy, verdict)
  return string.format('%.0f:%s:%s', ms - ms % HOUR_MS, policy, verdict)
end

-- A decision that has come into another hour is counted there.
local function move_count(key, from, to)
  -- The log may know decisions from before they were counted by hour.
  if from == to or tonumber(redis.call('HGET', key, from) or 0) <= 0 then return end
  if redis.call('HINCRBY', key, from, -1) == 0 then redis.call('HDEL', key, from) end
  redis.call('HINCRBY', key, to, 1)
end

age_keys()
for first = 1, #KEYS, KEYS_PER_PARTITION do
  local decisions, by_hour, connections, recent, progress = unpack(KEYS, first, first + 4)
  age_log(decisions, function(fields, ms)
    local policy, verdict = fields[4], fields[8]
    move_count(by_hour, hour_field(ms, policy, verdict), hour_field(ms - shift_ms, policy, verdict))
  end)
  age_log(connections)
  age_scores_us(recent)
  age_progress(progress)
end

redis.call('SELECT', calls_database)
age_keys()
for last = KEYS_PER_PARTITION, #KEYS, KEYS_PER_PARTITION do
  age_log(KEYS[last], function(fields)
    fields[6] = earlier(tonumber(fields[6]))
  end)
end
