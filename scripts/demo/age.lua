-- Makes everything that the daemon has written look as if it had happened earlier. Only for the demonstration, and only
-- on a Redis of its own: it looks at every key, and rewrites every log.
--
-- One script, because the logs, the statistics and the states of the limits, in both databases, must never be seen at
-- different times.
--
-- KEYS     none: it finds them
--
-- ARGV[1]  by how much, in milliseconds
-- ARGV[2]  what the daemon's keys begin with
-- ARGV[3]  the pattern of the daemon's keys
-- ARGV[4]  the number of the database of calls
--
-- Returns  nothing

local shift_ms, prefix, pattern, calls_database = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

local HOUR_US = 60 * 60 * 1000000
local shift_us = shift_ms * 1000

local function text(number)
  return string.format('%.0f', number)
end

local function earlier_us(us)
  return text(math.max(0, tonumber(us) - shift_us))
end

local function earlier_id(id, shift)
  local time, rest = string.match(id, '^(%d+)(.*)$')
  return text(math.max(0, tonumber(time) - shift)) .. rest
end

-- What was given back has the same distance from zero, on the other side.
local function age_scores(key, shift)
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    local is_negative = tonumber(redis.call('ZSCORE', key, member)) < 0
    redis.call('ZINCRBY', key, text(is_negative and shift or -shift), member)
  end
end

local function age_fields(key, names)
  for _, name in ipairs(names) do
    local value = redis.call('HGET', key, name)
    if value then redis.call('HSET', key, name, earlier_us(value)) end
  end
end

-- Ids of a stream only grow, so it is written anew.
local function age_log(key, shift, change)
  local entries, left_ms = redis.call('XRANGE', key, '-', '+'), redis.call('PTTL', key)
  if #entries == 0 then return end
  redis.call('DEL', key)
  for _, entry in ipairs(entries) do
    local id, fields = unpack(entry)
    change(fields, id)
    redis.call('XADD', key, earlier_id(id, shift), unpack(fields))
  end
  if left_ms >= 0 then redis.call('PEXPIRE', key, left_ms) end
end

-- A decision that has come into another hour is counted there.
local function move_count(hours, at_us, policy, verdict, count)
  local function field(us)
    return text((us - us % HOUR_US) / 1000) .. ':' .. policy .. ':' .. verdict
  end
  local from, to = field(at_us), field(at_us - shift_us)
  local held = tonumber(redis.call('HGET', hours, from) or 0)
  count = math.min(count, held)
  if from == to or count <= 0 then return end
  if redis.call('HINCRBY', hours, from, -count) == 0 then redis.call('HDEL', hours, from) end
  redis.call('HINCRBY', hours, to, count)
end

local function is_folded(state, policy, id)
  local folded = redis.call('HGET', state, 'folded:' .. policy)
  if not folded then return false end
  local us, n = string.match(id, '^(%d+)%-(%d+)$')
  local last_us, last_n = string.match(folded, '^(%d+)%-(%d+)$')
  if us ~= last_us then return tonumber(us) < tonumber(last_us) end
  return tonumber(n) <= tonumber(last_n)
end

local function age_admissions(key, partition, policy)
  local usage = prefix .. 'usage:{' .. partition .. '}:'
  age_log(key, shift_us, function(fields, id)
    local at_us, first = tonumber(string.match(id, '^%d+')), 1
    if fields[1] == '' then
      at_us, first = tonumber(fields[2]), 3
      fields[2] = earlier_us(at_us)
    end
    local cost, refunded_us = string.match(fields[first + 1], '^(-%d+)@(%d+)$')
    if cost then fields[first + 1] = cost .. '@' .. earlier_us(refunded_us) end
    -- What is not folded yet is counted later, where it then belongs.
    if is_folded(usage .. 'state', policy, id) then
      move_count(usage .. 'by-hour', at_us, policy, cost and 'refunded' or 'admitted', (#fields - first + 1) / 2)
    end
  end)
end

local function age_denials(key, partition, policy)
  local hours = prefix .. 'usage:{' .. partition .. '}:by-hour'
  age_log(key, shift_ms, function(fields)
    local at_us = tonumber(fields[4])
    fields[4] = earlier_us(at_us)
    move_count(hours, at_us, policy, 'denied', 1)
  end)
end

local function age_state(key)
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do
    local field, value = flat[i], flat[i + 1]
    local kind = string.match(field, '^%l+')
    if kind == 'folded' or kind == 'low' then redis.call('HSET', key, field, earlier_id(value, shift_us)) end
    if kind == 'dropped' or kind == 'filling' or kind == 'back' then redis.call('HSET', key, field, earlier_us(value)) end
  end
end

-- Their members begin with the ids of entries.
local function age_refunds(key)
  local members, left_ms = redis.call('ZRANGE', key, 0, -1), redis.call('PTTL', key)
  redis.call('DEL', key)
  for _, member in ipairs(members) do
    local earlier = earlier_id(member, shift_us)
    redis.call('ZADD', key, string.match(earlier, '^%d+'), earlier)
  end
  if left_ms >= 0 then redis.call('PEXPIRE', key, left_ms) end
end

local function age_usage(key, kind)
  if kind == 'state' then age_state(key) end
  if kind == 'recent' then age_scores(key, shift_us) end
  if string.match(kind, '^refunds:') then age_refunds(key) end
end

-- Logs first: which of their entries are folded stands in a state that is not moved yet.
local function age_contents(keys, stage)
  for _, key in ipairs(keys) do
    local word, partition, rest = string.match(string.sub(key, #prefix + 1), '^(%l+):{(%d+)}:?(.*)$')
    if stage == 1 then
      if word == 'admissions' then age_admissions(key, partition, rest) end
      if word == 'denials' then age_denials(key, partition, rest) end
    else
      if word == 'taken' or word == 'shadow' then age_scores(key, shift_us) end
      if word == 'bucket' then age_fields(key, { 'at_us', 'since_us' }) end
      if word == 'usage' then age_usage(key, rest) end
    end
  end
end

-- What would have expired in that time expires now: small windows and remembered requests go, long ones stay in part.
local function age_expiries(keys)
  for _, key in ipairs(keys) do
    local left_ms = redis.call('PTTL', key)
    if left_ms >= 0 and not string.find(key, ':lease', 1, true) then redis.call('PEXPIRE', key, text(left_ms - shift_ms)) end
  end
end

local keys = redis.call('KEYS', pattern)
age_contents(keys, 1)
age_contents(keys, 2)
age_expiries(keys)

redis.call('SELECT', calls_database)
keys = redis.call('KEYS', pattern)
for _, key in ipairs(keys) do
  local word, rest = string.match(string.sub(key, #prefix + 1), '^(%l+):{%d+}:(.*)$')
  if word == 'requests' then age_scores(key, shift_ms) end
  if word == 'calls' and rest == 'log' then
    age_log(key, shift_ms, function(fields)
      for i = 2, #fields, 2 do
        local service, call_ms = string.match(fields[i], '^(.*) (%d+)$')
        fields[i] = service .. ' ' .. text(tonumber(call_ms) - shift_ms)
      end
    end)
  end
end
age_expiries(keys)
