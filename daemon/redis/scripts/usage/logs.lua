-- Keeps the logs small: removes entries that every window has retired, and the oldest ones of a log that is too large.

local logs = {}

local function add_kept(run, log, change)
  local kept = state.number(run.state, 'kept:' .. log.policy) or 0
  state.set(run.state, 'kept:' .. log.policy, math.max(0, kept + change))
end

function logs.folded(run, log, count) add_kept(run, log, count) end

-- Notes what a log has lost, and how recent that was.
local function note_loss(run, log, count, last_us)
  if count == 0 then return end
  add_kept(run, log, -count)
  local dropped_us = math.min(last_us, run.now_us)
  if dropped_us > (state.number(run.state, 'dropped:' .. log.policy) or 0) then
    state.set(run.state, 'dropped:' .. log.policy, dropped_us)
  end
end

-- A log that has fewer entries than were folded was deleted by someone: its counts in the windows can never be retired,
-- so the windows start anew.
function logs.check(run, log)
  local length, kept = redis.call('XLEN', log.key), state.number(run.state, 'kept:' .. log.policy) or 0
  log.length = length
  if length >= kept then return end
  state.set(run.state, 'dropped:' .. log.policy, run.now_us)
  state.set(run.state, 'kept:' .. log.policy, length)
  state.remove(run.state, 'drop:' .. log.policy)
  local last = redis.call('XREVRANGE', log.key, '+', '-', 'COUNT', 1)[1]
  local folded = run.state.fields['folded:' .. log.policy]
  if not last or entries.is_before(last[1], folded) then
    -- None of the entries was folded.
    state.remove(run.state, 'folded:' .. log.policy)
    state.set(run.state, 'kept:' .. log.policy, 0)
  end
  if log.records then
    for _, window in ipairs(run.windows) do windows.restart(run, window) end
  end
end

-- Requests that the oldest entries of a log be dropped if it is too large.
function logs.measure(run, log)
  local bytes = redis.call('MEMORY', 'USAGE', log.key)
  if not bytes or bytes <= log.cap_bytes then return end
  -- Somewhat more than needed, so that it does not reach its cap again at once.
  local excess = math.ceil(log.length * (1 - 0.9 * log.cap_bytes / bytes))
  state.set(run.state, 'drop:' .. log.policy, math.min(excess, state.number(run.state, 'kept:' .. log.policy) or 0))
end

-- Drops the oldest entries that `drop:POLICY` asks for, `budget` pairs at most. A window first retires them.
-- Returns whether all of them are gone.
function logs.drop(run, log, budget)
  local wanted, folded = state.number(run.state, 'drop:' .. log.policy) or 0, run.state.fields['folded:' .. log.policy]
  if wanted <= 0 or not folded then return true end
  local last, last_us, count = nil, nil, 0
  entries.walk({
    command = 'XRANGE', key = log.key, from = '-', to = folded, budget = budget,
    visit = function(entry, at_us, first)
      if count == wanted then return false end
      last, last_us, count = entry[1], at_us, count + 1
      for _, window in ipairs(log.records and run.windows or {}) do windows.drop(run, window, log, entry, first) end
      return true
    end,
  })
  if not last then
    state.remove(run.state, 'drop:' .. log.policy)
    return true
  end
  log.floor = entries.after(last) -- what is trimmed at the end of this call is gone for all that follows
  run.trims[#run.trims + 1] = { log = log, last = last, last_us = last_us, exact = true }
  state.set(run.state, 'drop:' .. log.policy, wanted - count)
  if wanted == count then state.remove(run.state, 'drop:' .. log.policy) end
  return wanted == count
end

-- Deletes what every window has retired, unless the clock has just leapt: it may go back.
function logs.release(run, log)
  if (state.number(run.state, 'hold') or 0) > run.now_us then return end
  local lowest, lowest_window
  for _, window in ipairs(run.windows) do
    if windows.filling_us(run, window, log) then return end
    local low = windows.low(run, window, log)
    if not lowest or entries.is_before(low, lowest) then lowest, lowest_window = low, window end
  end
  if lowest_window and lowest_window.retired_us then
    run.trims[#run.trims + 1] = { log = log, last = lowest, last_us = lowest_window.retired_us }
  end
end

-- Deletes what is older than the replay reads, from a log that no window counts.
function logs.release_old(run, log, keep_us)
  local oldest = string.format('%.0f', run.now_us - keep_us)
  local count = redis.call('XTRIM', log.key, 'MINID', '~', oldest)
  note_loss(run, log, count, run.now_us - keep_us)
end

function logs.trim(run)
  for _, trim in ipairs(run.trims) do
    local precision = trim.exact and '=' or '~'
    local count = redis.call('XTRIM', trim.log.key, 'MINID', precision, entries.after(trim.last))
    note_loss(run, trim.log, count, trim.last_us)
    if trim.exact then run.dropped = run.dropped + count end
  end
end
