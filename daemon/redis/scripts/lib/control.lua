-- What all daemons agree on, kept in one hash for each partition:
--
--   claim          SCHEMA/PARTITIONS/EPOCH; a daemon that expects another one must not decide here
--   overrides      how many overrides the partition holds
--   retain:POLICY  how long its takings are kept, in microseconds: the longest time that a daemon has asked for
--   seen:POLICY    when a daemon last asked for that time or a longer one, in microseconds

local control = {}

-- An error whose code is STALECLAIM, unless the store is the one that the caller knows.
function control.check(claim, expected)
  if claim == expected then return nil end
  return redis.error_reply('STALECLAIM the store holds ' .. tostring(claim or 'no claim') .. ', not ' .. expected)
end

-- Claims the partition for a number of partitions and a schema, unless it is claimed already.
--
-- KEYS[1]  control
-- ARGV[1]  SCHEMA/PARTITIONS/EPOCH, with an epoch of the caller's making
-- Returns  the claim in force
register('claim', function(keys, args)
  redis.call('HSETNX', keys[1], 'claim', args[1])
  return redis.call('HGET', keys[1], 'claim')
end)

-- After this long without a word from its daemon, a longer time is no longer in force.
local SEEN_GRACE_US = 10 * 60 * 1000000

-- Announces how long a daemon needs each policy's takings. The longest time wins, until no daemon has asked for it
-- for as long as that time: then what a shorter one does not need may go.
--
-- KEYS[1]  control
-- ARGV[1]  msgpack: { { policy, retain in microseconds }, ... }
-- Returns  how many of the times in force were changed
register('announce', function(keys, args)
  local now_us, changed = read_clock_us(), 0
  for _, announced in ipairs(cmsgpack.unpack(args[1])) do
    local policy, wanted_us = unpack(announced)
    local kept = redis.call('HMGET', keys[1], 'retain:' .. policy, 'seen:' .. policy)
    local retain_us, seen_us = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
    local is_idle = now_us - seen_us > retain_us + SEEN_GRACE_US
    local next_us = is_idle and wanted_us or math.max(wanted_us, retain_us)
    -- Seen in the future: seen before the clock went back.
    if wanted_us >= retain_us or is_idle or seen_us > now_us then
      local text = string.format('%.0f', next_us)
      redis.call('HSET', keys[1], 'retain:' .. policy, text, 'seen:' .. policy, string.format('%.0f', now_us))
    end
    if next_us ~= retain_us then changed = changed + 1 end
  end
  return changed
end)
