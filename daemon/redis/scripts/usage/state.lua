-- How far the statistics of a partition have come, one hash:
--
--   now              the clock at the last fold, in microseconds
--   back             when the clock was found to have gone back; missing if it never did
--   hold             until when no old entry is trimmed, after the clock has leapt forward
--   touched          when the keys' expiries were last renewed
--   window:MS        when a daemon last declared the window
--   log:POLICY       when a daemon last declared the policy
--   records:POLICY   when a daemon last declared it as one that records connections
--   folded:POLICY    the last entry of its log that was folded
--   kept:POLICY      how many folded entries its log still holds
--   drop:POLICY      how many of them must go, because the log is too large
--   refunds:POLICY   when a refund was last folded; missing if the list of refunds is empty
--   dropped:POLICY   the time of the last entry that its log has lost
--   low:MS:POLICY    the window counts the entries above this one, up to the last folded one
--   filling:MS:POLICY  since when the window's counts are complete, while it still takes in older entries
--
-- The hash changes in the call that changes the counts: so each entry counts once, no matter who folds, and how often.

local state = {}

function state.load(key)
  local flat, fields = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return { key = key, fields = fields, changed = {}, removed = {} }
end

function state.number(of, field)
  return tonumber(of.fields[field])
end

function state.set(of, field, value)
  local text = type(value) == 'number' and string.format('%.0f', value) or value
  if of.fields[field] == text then return end
  of.fields[field], of.changed[field], of.removed[field] = text, text, nil
end

function state.remove(of, field)
  if of.fields[field] == nil then return end
  of.fields[field], of.changed[field], of.removed[field] = nil, nil, true
end

function state.save(of)
  local changes, removals = {}, {}
  for field, text in pairs(of.changed) do
    changes[#changes + 1] = field
    changes[#changes + 1] = text
  end
  for field in pairs(of.removed) do removals[#removals + 1] = field end
  if #changes > 0 then redis.call('HSET', of.key, unpack(changes)) end
  if #removals > 0 then redis.call('HDEL', of.key, unpack(removals)) end
end
