-- The refunds of a log that records connections: a sorted set of `ENTRY NUMBER SUBJECT`, by the microsecond of the entry
-- whose connection was refunded. That entry stays in the log, and is visited again when it leaves a window: what was
-- taken off when the refund was folded must not be taken off twice.

local refunds = {}

local NOTHING = {}

-- How many connections of each subject an entry has lost, as a table of the caller's own.
function refunds.of_entry(run, log, id)
  local new = log.new_refunds[id]
  if not new and not run.state.fields['refunds:' .. log.policy] then return NOTHING end
  local counts, us = {}, string.match(id, '^%d+')
  for subject, count in pairs(new or NOTHING) do counts[subject] = count end
  for _, member in ipairs(redis.call('ZRANGE', log.refunds_key, us, us, 'BYSCORE')) do
    local of, subject = string.match(member, '^(%S+) %d+ (.*)$')
    if of == id then counts[subject] = (counts[subject] or 0) + 1 end
  end
  return counts
end

-- How many connections an entry still has of a subject.
function refunds.count_left(run, log, entry, first, subject)
  if entries.refunded_us(entry[2], first) then return 0 end
  local count = -(refunds.of_entry(run, log, entry[1])[subject] or 0)
  for i = first, #entry[2], 2 do
    if entry[2][i] == subject then count = count + 1 end
  end
  return count
end

-- Forgets those whose entries the log has lost.
function refunds.forget(run, log)
  local field = 'refunds:' .. log.policy
  if not run.state.fields[field] then return end
  local oldest = redis.call('XRANGE', log.key, '-', '+', 'COUNT', 1)[1]
  local before = oldest and '(' .. string.match(oldest[1], '^%d+') or '+inf'
  redis.call('ZREMRANGEBYSCORE', log.refunds_key, '-inf', before)
  if redis.call('ZCARD', log.refunds_key) == 0 then state.remove(run.state, field) end
end
