-- What all daemons agree on, kept in one hash for each partition:
--
--   claim          SCHEMA/PARTITIONS/EPOCH; a daemon that expects another one must not decide here
--   overrides      how many overrides the partition holds
--   retain:POLICY  how long its takings are kept, in microseconds: the longest time that a daemon has asked for,
--                  and when one last did, as `RETAIN:SEEN`

local control = {}

-- An error whose code is STALECLAIM unless the store is the one that the caller knows.
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

-- The time in force for a policy's takings, and when a daemon last asked for it.
function control.parse_retain(text)
  if not text then return 0, 0 end
  local retain_us, seen_us = string.match(text, '^(%d+):(%d+)$')
  return tonumber(retain_us), tonumber(seen_us)
end

-- Announces how long a daemon needs each policy's takings. The longest time wins, until no daemon has asked for it
-- for as long as that time: then what a shorter one does not need may go.
--
-- KEYS[1]  control
-- ARGV[1]  msgpack: { { policy, retain in microseconds }, ... }
-- Returns  how many of the times in force were changed
register('announce', function(keys, args)
  local now_us, changed = read_clock_us(), 0
  for _, announced in ipairs(cmsgpack.unpack(args[1])) do
    local field, wanted_us = 'retain:' .. announced[1], announced[2]
    local retain_us, seen_us = control.parse_retain(redis.call('HGET', keys[1], field))
    -- A daemon that was last seen in the future was seen before the clock went back.
    local is_idle = now_us - seen_us > retain_us + SEEN_GRACE_US
    if wanted_us >= retain_us or is_idle or seen_us > now_us then
      local kept_us = is_idle and wanted_us or math.max(wanted_us, retain_us)
      redis.call('HSET', keys[1], field, string.format('%.0f:%.0f', kept_us, now_us))
      if kept_us ~= retain_us then changed = changed + 1 end
    end
  end
  return changed
end)
