-- What all daemons agree on, in one hash per partition:
--
--   claim          SCHEMA/PARTITIONS/EPOCH; a daemon that expects another one must not decide here
--   overrides      how many overrides the partition holds
--   retain:POLICY  how long its takings are kept, in microseconds: the longest time that a daemon has asked for
--   seen:POLICY    when a daemon last asked for that time or a longer one, in microseconds
--   shape:POLICY   its limits, as msgpack of { limit, algorithm, window in microseconds, ... }
--   converted:POLICY:LIMIT  when another algorithm took over, in microseconds: see `announce`
--   grown:POLICY   until when states may be found that were kept for a shorter time, in microseconds
--   summary        what an admission reads of these, in one JSON text

local control = {}

-- An error whose code is STALECLAIM, unless the store is the one that the caller expects.
function control.check(claim, expected)
  if claim == expected then return nil end
  return redis.error_reply('STALECLAIM the store holds ' .. tostring(claim or 'no claim') .. ', not ' .. expected)
end

-- Rewrites the summary. Must follow each change of its contents.
function control.summarize(key)
  local kept = redis.call('HGETALL', key)
  local summary = { overrides = 0, retain_us = {}, grown_until_us = {} }
  for i = 1, #kept, 2 do
    local field, value = kept[i], kept[i + 1]
    local kind, policy = string.match(field, '^(%l+):(.*)$')
    if kind == 'retain' then summary.retain_us[policy] = tonumber(value) end
    if kind == 'grown' then summary.grown_until_us[policy] = tonumber(value) end
    if field == 'claim' then summary.claim = value end
    if field == 'overrides' then summary.overrides = tonumber(value) end
  end
  redis.call('HSET', key, 'summary', cjson.encode(summary))
end

-- Summaries by their text: they change so seldom that parsing them once is enough.
local MOST_SUMMARIES = 2000
local summaries, summary_count = {}, 0

function control.read(key)
  local text = redis.call('HGET', key, 'summary')
  if not text then return { overrides = 0, retain_us = {}, grown_until_us = {} } end
  local summary = summaries[text]
  if summary then return summary end
  if summary_count >= MOST_SUMMARIES then
    summaries, summary_count = {}, 0
  end
  summary = cjson.decode(text)
  summaries[text], summary_count = summary, summary_count + 1
  return summary
end

-- Claims the partition for a number of partitions and a schema, unless it is claimed already. Throws if an algorithm of
-- this library is incomplete.
--
-- KEYS[1]  control ARGV[1]  SCHEMA/PARTITIONS/EPOCH, with an epoch made by the caller Returns  the claim in force
register('claim', function(keys, args)
  algorithms.check()
  if redis.call('HSETNX', keys[1], 'claim', args[1]) == 1 then control.summarize(keys[1]) end
  return redis.call('HGET', keys[1], 'claim')
end)

-- Values of each limit in a shape.
local LIMIT_VALUES = 3

-- A longer time is no longer in force after this long without an announcement.
local SEEN_GRACE_US = 10 * 60 * 1000000

-- The least time that an algorithm's old state is looked for after another one took over.
local CONVERTED_US = 24 * 60 * 60 * 1000000

-- What was kept for `former_us` must last longer: otherwise a state that only denials read would expire too early.
local function note_growth(key, policy, former_us, now_us)
  local field = 'grown:' .. policy
  local until_us = math.max(now_us + 2 * former_us, tonumber(redis.call('HGET', key, field) or 0))
  redis.call('HSET', key, field, to_text(until_us))
end

-- The longer of two times wins, until no daemon has asked for it for that long.
local function announce_retain(key, policy, wanted_us, now_us)
  local kept = redis.call('HMGET', key, 'retain:' .. policy, 'seen:' .. policy)
  local retain_us, seen_us = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
  local is_idle = now_us - seen_us > retain_us + SEEN_GRACE_US
  local next_us = is_idle and wanted_us or math.max(wanted_us, retain_us)
  -- A time in the future is from before the clock went back.
  if wanted_us >= retain_us or is_idle or seen_us > now_us then
    redis.call('HSET', key, 'retain:' .. policy, to_text(next_us), 'seen:' .. policy, to_text(now_us))
  end
  if retain_us > 0 and next_us > retain_us then note_growth(key, policy, retain_us, now_us) end
  return next_us
end

-- Notes which limits have another algorithm than before, or a longer window.
local function announce_shape(key, policy, shape, now_us)
  local field = 'shape:' .. policy
  local kept = redis.call('HGET', key, field)
  local former = kept and cmsgpack.unpack(kept) or {}
  local algorithms, windows_us = {}, {}
  for i = 1, #former, LIMIT_VALUES do
    algorithms[former[i]], windows_us[former[i]] = former[i + 1], former[i + 2]
  end
  for i = 1, #shape, LIMIT_VALUES do
    local limit, algorithm, window_us = shape[i], shape[i + 1], shape[i + 2]
    if algorithms[limit] and algorithms[limit] ~= algorithm then
      redis.call('HSET', key, 'converted:' .. policy .. ':' .. limit, to_text(now_us))
    end
    local former_us = windows_us[limit]
    if former_us and former_us < window_us then note_growth(key, policy, former_us, now_us) end
  end
  redis.call('HSET', key, field, cmsgpack.pack(shape))
end

-- Appends the limits whose algorithm has changed recently; forgets the others.
local function append_converted(converted, key, announced, now_us)
  local policy, retain_us, shape = unpack(announced)
  for i = 1, #shape, LIMIT_VALUES do
    local field = 'converted:' .. policy .. ':' .. shape[i]
    local at_us = tonumber(redis.call('HGET', key, field) or nil)
    if at_us and now_us - at_us > math.max(retain_us, CONVERTED_US) then
      redis.call('HDEL', key, field)
    elseif at_us then
      local n = #converted
      converted[n + 1], converted[n + 2], converted[n + 3] = policy, shape[i], math.min(at_us, now_us)
    end
  end
end

-- Announces the policies of a daemon: how long it needs their takings, so that no daemon with a shorter window removes
-- what it counts; and their limits, so that one whose algorithm or window changes forgets nothing.
--
-- KEYS[1]  control
-- ARGV[1]  msgpack: { { policy, retain in microseconds, shape }, ... }, each shape as above
-- ARGV[2]  1 if the policies have changed, or the daemon is new; 0 if it only repeats what it has announced
-- Returns  msgpack: { policy, limit, microseconds, ... }, the limits whose algorithm has changed, and when
register('announce', function(keys, args)
  local key, now_us, converted = keys[1], read_clock_us(), {}
  for _, announced in ipairs(cmsgpack.unpack(args[1])) do
    local policy, wanted_us, shape = unpack(announced)
    announced[2] = announce_retain(key, policy, wanted_us, now_us)
    if args[2] == '1' then announce_shape(key, policy, shape, now_us) end
    append_converted(converted, key, announced, now_us)
  end
  control.summarize(key)
  return cmsgpack.pack(converted)
end)
