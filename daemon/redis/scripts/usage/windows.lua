-- The counts of each user's connections in a window that moves with time: a sorted set for each window.
--
-- A window counts, of each log, the entries above `low` and up to the last folded one. Folding counts new entries;
-- retiring moves `low` up past entries that have left the window; filling moves it down, if the window is new or the
-- clock has gone back. What a call changes is collected, and applied once for each user.

local windows = {}

local function low_field(window, log) return string.format('low:%.0f:%s', window.ms, log.policy) end
local function filling_field(window, log) return string.format('filling:%.0f:%s', window.ms, log.policy) end

function windows.low(run, window, log) return run.state.fields[low_field(window, log)] end

-- Since when the window's counts are complete as far as filling is concerned; nil if it is not being filled.
function windows.filling_us(run, window, log) return state.number(run.state, filling_field(window, log)) end

-- Makes the window count a log from now on; what the log already holds is filled in later.
local function open(run, window, log)
  if windows.low(run, window, log) then return end
  local folded = run.state.fields['folded:' .. log.policy]
  state.set(run.state, low_field(window, log), folded or '0-0')
  if folded then state.set(run.state, filling_field(window, log), run.now_us) end
end

-- Forgets a window's counts, and begins to fill them anew from the logs.
function windows.restart(run, window)
  window.is_emptied = true
  for _, log in ipairs(run.recording) do
    state.remove(run.state, low_field(window, log))
    state.remove(run.state, filling_field(window, log))
    open(run, window, log)
  end
end

function windows.open_all(run)
  for _, window in ipairs(run.windows) do
    local is_new = true
    for _, log in ipairs(run.recording) do is_new = is_new and not windows.low(run, window, log) end
    -- Counts without a state are left over from one that has expired.
    if is_new then window.is_emptied = true end
    for _, log in ipairs(run.recording) do open(run, window, log) end
  end
end

-- Forgets a window that no daemon declares any more.
function windows.forget(run, window)
  run.gone[#run.gone + 1] = window.key
  local suffix = string.format('%.0f', window.ms)
  state.remove(run.state, 'window:' .. suffix)
  for field in pairs(run.state.fields) do
    if string.match(field, '^low:' .. suffix .. ':') or string.match(field, '^filling:' .. suffix .. ':') then
      state.remove(run.state, field)
    end
  end
end

-- Forgets a log of which the windows count nothing any more.
function windows.forget_log(run, log)
  for _, window in ipairs(run.windows) do
    state.remove(run.state, low_field(window, log))
    state.remove(run.state, filling_field(window, log))
  end
  state.remove(run.state, 'records:' .. log.policy)
end

-- Counts the pairs of an entry of a log, but for those of the subjects that are being erased, and for those that were
-- refunded. A refund was counted when it was folded, if what it refunds was.
function windows.count(run, log, counts, entry, first, change)
  local fields = entry[2]
  if entries.refunded_us(fields, first) then return end
  local erased, refunded = erasing.erased(run, log, entry[1]), refunds.of_entry(run, log, entry[1])
  for i = first, #fields, 2 do
    local subject = fields[i]
    local left = refunded[subject] or 0
    if left > 0 then
      refunded[subject] = left - 1
    elseif not erased[subject] then
      counts[subject] = (counts[subject] or 0) + change
    end
  end
end

-- When an entry was made: one that is dated later than now was made before the clock went back.
function windows.made_us(run, at_us)
  if at_us <= run.now_us then return at_us end
  local back_us = state.number(run.state, 'back')
  if back_us then return math.min(back_us, run.now_us) end
  state.set(run.state, 'back', run.now_us)
  return run.now_us
end

-- Takes off the entries that were made at or before `until_us`. Returns whether none of them is left.
function windows.retire(run, window, log, until_us, budget)
  local low = windows.low(run, window, log)
  local folded = run.state.fields['folded:' .. log.policy]
  if not folded or low == folded then return true end
  local _, is_done = entries.walk({
    command = 'XRANGE', key = log.key, from = '(' .. low, to = folded, budget = budget,
    visit = function(entry, at_us, first)
      if windows.made_us(run, at_us) > until_us then return false end
      windows.count(run, log, window.changes, entry, first, -1)
      low = entry[1]
      window.retired_us = at_us
      return true
    end,
  })
  state.set(run.state, low_field(window, log), low)
  return is_done
end

-- Takes off one entry, which its log is about to lose, if it is counted.
function windows.drop(run, window, log, entry, first)
  if entries.is_before(windows.low(run, window, log), entry[1]) then
    windows.count(run, log, window.changes, entry, first, -1)
    state.set(run.state, low_field(window, log), entry[1])
  end
end

-- Counts older entries, the latest first, down to the window's far end. Returns whether that was met.
function windows.fill(run, window, log, budget)
  local low, until_us, since_us = windows.low(run, window, log), run.now_us - window.us, nil
  local _, is_done = entries.walk({
    command = 'XREVRANGE', key = log.key, from = low, to = log.floor or '-', budget = budget,
    visit = function(entry, at_us, first)
      -- One with a time of its own may be older than its place.
      if at_us <= until_us and first == 1 then return false end
      windows.count(run, log, window.changes, entry, first, 1)
      low, since_us = entries.before(entry[1]), math.min(at_us, run.now_us)
      return true
    end,
  })
  state.set(run.state, low_field(window, log), low)
  if is_done then
    state.remove(run.state, filling_field(window, log))
  elseif since_us then
    state.set(run.state, filling_field(window, log), since_us)
  end
  return is_done
end

-- Fills all windows again: what they retired before the clock went back may be in them now.
function windows.refill_all(run)
  for _, window in ipairs(run.windows) do
    for _, log in ipairs(run.recording) do
      if not windows.filling_us(run, window, log) then state.set(run.state, filling_field(window, log), run.now_us - window.us) end
    end
  end
end

local function scores_of(key, subjects)
  if #subjects == 0 then return {} end
  return redis.call('ZMSCORE', key, unpack(subjects))
end

-- Reads what the changed users have. Nothing is written yet: a key of another type fails the call as a whole.
function windows.prepare(run, window)
  local subjects, changes = {}, window.changes
  for subject, change in pairs(run.added) do changes[subject] = (changes[subject] or 0) + change end
  for subject in pairs(changes) do subjects[#subjects + 1] = subject end
  window.subjects = subjects
  window.scores = window.is_emptied and {} or scores_of(window.key, subjects)
end

-- Writes what they have now; those who have none are not listed.
function windows.apply(window)
  if window.is_emptied then redis.call('UNLINK', window.key) end
  local entered, left = {}, {}
  for i, subject in ipairs(window.subjects) do
    local before, change = tonumber(window.scores[i] or 0), window.changes[subject]
    if before + change > 0 then
      if change ~= 0 then
        entered[#entered + 1] = small_to_text(before + change)
        entered[#entered + 1] = subject
      end
    elseif window.scores[i] then
      left[#left + 1] = subject
    end
  end
  if #entered > 0 then redis.call('ZADD', window.key, unpack(entered)) end
  if #left > 0 then redis.call('ZREM', window.key, unpack(left)) end
end
