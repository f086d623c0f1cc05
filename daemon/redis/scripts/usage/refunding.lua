-- Folding refunds: see `refunds.lua`.

-- The most pairs of the log that are searched for one connection.
local SOUGHT = 1000

-- Finds the entry of a connection that still counts, in a bounded walk: the one made at `at_us`, if given.
local function find(run, log, sought)
  local found, found_us
  entries.walk({
    command = sought.command, key = log.key, from = sought.from, to = sought.to, budget = SOUGHT, first_chunk = 1,
    visit = function(entry, at_us, first)
      local is_right = not sought.at_us or at_us == sought.at_us
      if is_right and refunds.count_left(run, log, entry, first, sought.subject) > 0 then
        found, found_us = entry[1], at_us
      end
      return not found
    end,
  })
  return found, found_us
end

-- Subtracts a refunded connection from each window that counts it. Most entries are at the position of their time; those
-- written after an outage, or after the clock went back, are later.
function refunds.fold(run, log, entry, first, refunded_us)
  local subject = entry[2][first]
  if erasing.erased(run, log, entry[1])[subject] then return end
  local id = find(run, log, {
    command = 'XRANGE', from = to_text(refunded_us), to = '(' .. entry[1], at_us = refunded_us, subject = subject,
  })
  if not id then return end
  local number = refunds.of_entry(run, log, id)[subject] or 0
  local new = log.new_refunds[id] or {}
  log.new_refunds[id] = new
  new[subject] = (new[subject] or 0) + 1
  for _, window in ipairs(run.windows) do
    if entries.is_before(windows.low(run, window, log), id) then
      window.changes[subject] = (window.changes[subject] or 0) - 1
    end
  end
  log.unconnected[#log.unconnected + 1] = { id = id, number = number, subject = subject, at_us = refunded_us }
end

-- If the refunded connection was a user's last, lists the user by the previous one, or not at all.
local function relist(run, log, gone)
  local key = run.keys[4]
  local listed_us = tonumber(redis.call('ZSCORE', key, gone.subject) or nil)
  if listed_us ~= math.min(gone.at_us, run.now_us) then return end
  local _, before_us = find(run, log, { command = 'XREVRANGE', from = '(' .. gone.id, to = '-', subject = gone.subject })
  if before_us then
    redis.call('ZADD', key, to_text(math.min(before_us, run.now_us)), gone.subject)
  else
    redis.call('ZREM', key, gone.subject)
  end
end

-- Writes the folded refunds of a call, after its connections are listed.
function refunds.write(run, log)
  for _, gone in ipairs(log.unconnected) do
    relist(run, log, gone)
    local member = gone.id .. ' ' .. to_text(gone.number) .. ' ' .. gone.subject
    redis.call('ZADD', log.refunds_key, string.match(gone.id, '^%d+'), member)
    state.set(run.state, 'refunds:' .. log.policy, run.now_us)
  end
end
