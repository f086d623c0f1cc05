-- Counts denials that a daemon has collected, and keeps a sample of them for the replay. A repeat of the last delivery
-- of a daemon changes nothing: a daemon that heard no answer delivers again.
--
-- One function, because the counts and the memory of the delivery must change together.
--
-- KEYS[1]    control
-- KEYS[2]    the decisions by hour
-- KEYS[3]    the last delivery of each daemon
-- KEYS[4..]  the samples of each policy, in the order of `samples`
--
-- ARGV[1]  msgpack: { claim, daemon, sequence,
--            counts: { { time in microseconds, policy, count }, ... },
--            samples: { { { subject, cost, time in microseconds }, ... }, ... },
--            sample_size: how many denials the sample of a policy keeps, about,
--            keep_hours_ms, keep_log_ms }
--
-- Returns  1 counted, 0 counted before

-- A daemon that has not delivered for so long has ended.
local DELIVERED_MS = 24 * 60 * 60 * 1000

local function count_denials(keys, request, now_us)
  local last = redis.call('HGET', keys[3], request.daemon)
  local sequence = last and tonumber(string.match(last, '^%d+'))
  if sequence and sequence >= request.sequence then return 0 end
  local counts = {}
  for _, each in ipairs(request.counts) do
    -- The clock may have gone back since.
    local field = hours.field(math.min(each[1], now_us), each[2], 'denied')
    counts[field] = (counts[field] or 0) + each[3]
  end
  hours.add(keys[2], counts, request.keep_hours_ms, now_us)
  for i, sample in ipairs(request.samples) do
    for _, denial in ipairs(sample) do
      local subject, cost, at_us = unpack(denial)
      redis.pcall('XADD', keys[3 + i], 'MAXLEN', '~', to_text(request.sample_size), '*', subject, to_text(cost), '', to_text(at_us))
    end
    if #sample > 0 then redis.pcall('PEXPIRE', keys[3 + i], to_text(request.keep_log_ms)) end
  end
  redis.call('HSET', keys[3], request.daemon, to_text(request.sequence) .. ':' .. to_text(now_us))
  redis.call('PEXPIRE', keys[3], to_text(DELIVERED_MS))
  return 1
end

local function forget_ended(key, now_us)
  for daemon, last in pairs(state.load(key).fields) do
    local at_us = tonumber(string.match(last, ':(%d+)$'))
    if now_us - at_us > DELIVERED_MS * 1000 then redis.call('HDEL', key, daemon) end
  end
end

-- Counts are small and bounded, so they are kept even if there is no memory.
register('count_denials', function(keys, args)
  local request, now_us = cmsgpack.unpack(args[1]), read_clock_us()
  local stale = control.check(redis.call('HGET', keys[1], 'claim'), request.claim)
  if stale then return stale end
  if request.sequence == 1 then forget_ended(keys[3], now_us) end
  return count_denials(keys, request, now_us)
end, { 'allow-oom' })
