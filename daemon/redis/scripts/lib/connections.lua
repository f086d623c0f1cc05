-- The record of connections, and the count a user of those in a window that moves with time.
--
-- The log is a stream, oldest first. A window keeps a running count a user and two places in the log: up to
-- `added` its entries were counted, up to `retired` they were taken off again. Moving both to where they belong
-- makes the counts exact; a window that is not there yet starts at its own far end, and catches up the same way.

-- Moves the window's two places forward by at most `budget` entries each; true where both have arrived.
local function advance(window, now_ms, budget)
  local cutoff_ms = now_ms - window.length_ms
  local state = redis.call('HMGET', window.progress, 'added', 'retired')
  local added, retired = state[1], state[2]
  if not added then
    redis.call('UNLINK', window.counts)
    added = string.format('%.0f-18446744073709551615', cutoff_ms) -- the last entry that is out of the window
    retired = added
  end

  local entering = redis.call('XRANGE', window.log, '(' .. added, '+', 'COUNT', budget)
  for _, entry in ipairs(entering) do
    redis.call('ZINCRBY', window.counts, 1, entry[2][2])
    added = entry[1]
  end

  -- What has not been counted yet must not be taken off yet.
  local added_ms = tonumber(string.match(added, '^%d+'))
  local retire_to = added_ms <= cutoff_ms and added or string.format('%.0f', cutoff_ms)
  local leaving = redis.call('XRANGE', window.log, '(' .. retired, retire_to, 'COUNT', budget)
  for _, entry in ipairs(leaving) do
    if tonumber(redis.call('ZINCRBY', window.counts, -1, entry[2][2])) <= 0 then
      redis.call('ZREM', window.counts, entry[2][2])
    end
    retired = entry[1]
  end

  redis.call('HSET', window.progress, 'added', added, 'retired', retired)
  redis.call('PEXPIRE', window.progress, window.keep_ms)
  redis.call('PEXPIRE', window.counts, window.keep_ms)
  return #entering < budget and #leaving < budget, retired
end
