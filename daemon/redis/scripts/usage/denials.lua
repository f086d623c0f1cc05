-- Counts denials that a daemon has collected, and keeps a sample of them for the replay and the subjects that were denied
-- last. Repeating a daemon's last delivery changes nothing: a daemon that got no answer delivers again.
--
-- One function, because the counts and the memory of the delivery must change together.
--
-- KEYS[1]    control KEYS[2]    the decisions by hour KEYS[3]    the last delivery of each daemon KEYS[4..]  the samples
-- of each policy, in the order of `samples`, then who was denied recently by each policy; at the end the running erasures and
-- who was erased
--
-- ARGV[1]  msgpack: { claim, daemon, sequence,
--            counts: { { time in microseconds, policy, count }, ... },
--            samples: { { { subject, cost, time in microseconds }, ... }, ... },
--            latest: { { { subject, time in microseconds }, ... }, ... }, by policy as well,
--            hashes: if the delivery is late, the hash of each subject; nil otherwise: then an erasure finds it by itself,
--            remembered_us: how much later than an erasure a denial may be that another daemon had remembered,
--            most_denied: how many subjects of a policy are kept,
--            sample_size: how many denials the sample of a policy keeps, about,
--            keep_hours_ms, keep_log_ms }
--
-- Returns  1 counted, 0 counted before

-- A daemon that has not delivered for this long has ended.
local DELIVERED_MS = 24 * 60 * 60 * 1000

-- A function: whether a denial must not be named, as its subject was erased before the late delivery.
local function find_erased(keys, request)
  if not request.hashes then return function() return false end end
  local erased_us = erased.reader(keys[#keys - 1], keys[#keys])
  return function(subject, at_us)
    return at_us <= erased_us(subject, request.hashes[subject]) + request.remembered_us
  end
end

-- Keeps the last denial of each recently denied subject.
local function keep_latest(key, latest, request, now_us)
  for _, denied in ipairs(latest) do
    if not request.is_erased(denied[1], denied[2]) then
      redis.pcall('ZADD', key, 'GT', to_text(math.min(denied[2], now_us)), denied[1])
    end
  end
  redis.pcall('ZREMRANGEBYRANK', key, '0', to_text(-1 - request.most_denied))
  redis.pcall('PEXPIRE', key, to_text(request.keep_log_ms))
end

local function count_denials(keys, request, now_us)
  local last = redis.call('HGET', keys[3], request.daemon)
  local sequence = last and tonumber(string.match(last, '^%d+'))
  if sequence and sequence >= request.sequence then return 0 end
  local counts = {}
  for _, each in ipairs(request.counts) do
    -- The clock may have gone back since then.
    local field = hours.field(math.min(each[1], now_us), each[2], 'denied')
    counts[field] = (counts[field] or 0) + each[3]
  end
  hours.add(keys[2], counts, request.keep_hours_ms, now_us)
  request.is_erased = find_erased(keys, request)
  for i, sample in ipairs(request.samples) do
    for _, denial in ipairs(sample) do
      local subject, cost, at_us = unpack(denial)
      if not request.is_erased(subject, at_us) then
        redis.pcall('XADD', keys[3 + i], 'MAXLEN', '~', to_text(request.sample_size), '*', subject, to_text(cost), '', to_text(at_us))
      end
    end
    keep_latest(keys[3 + #request.samples + i], request.latest[i], request, now_us)
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

-- Counts are small and bounded, so they are written even without free memory.
register('count_denials', function(keys, args)
  local request, now_us = cmsgpack.unpack(args[1]), read_clock_us()
  local stale = control.check(redis.call('HGET', keys[1], 'claim'), request.claim)
  if stale then return stale end
  if request.sequence == 1 then forget_ended(keys[3], now_us) end
  return count_denials(keys, request, now_us)
end, { 'allow-oom' })
