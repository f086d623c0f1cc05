-- The parts of a fold: see `fold.lua`, which puts them together.

local fold = {}

-- If nothing was folded for this long, the clock may have leapt: then old entries are kept for as long again.
local LEAP_US = 60 * 60 * 1000000

local TOUCH_US = 60 * 1000000

function fold.takes_lease(key, daemon, lease_ms)
  local holder = redis.call('GET', key)
  -- A lease longer than any possible one is from before the clock went back.
  if holder and holder ~= daemon and redis.call('PTTL', key) <= lease_ms then return false end
  redis.call('SET', key, daemon, 'PX', lease_ms)
  return true
end

-- What one call works on.
function fold.open(keys, request)
  local run = {
    now_us = read_clock_us(), state = state.load(keys[2]), keys = keys, request = request,
    windows = {}, logs = {}, recording = {}, known_windows = {}, known_logs = {},
    added = {}, hours = {}, seen = {}, trims = {}, gone = {}, folded = 0, dropped = 0,
  }
  run.erasures = erasing.read(run.state)
  for i, window in ipairs(request.windows) do
    window.key, window.us, window.changes = keys[6 + i], window.ms * 1000, {}
    run.known_windows[string.format('%.0f', window.ms)] = window
  end
  for i, log in ipairs(request.logs) do
    log.key = keys[6 + #request.windows + i]
    log.refunds_key = keys[6 + #request.windows + #request.logs + i]
    log.new_refunds, log.unconnected = {}, {}
    run.known_logs[log.policy] = log
  end
  return run
end

-- Finds out what is in force: what any daemon has declared recently.
function fold.arrange(run)
  local now_us = run.now_us
  for ms, seen_us in pairs(declared.of_kind(run.state, 'window')) do
    local window = run.known_windows[ms]
    if declared.is_idle(seen_us, now_us) then
      windows.forget(run, window)
    else
      run.windows[#run.windows + 1] = window
    end
  end
  local records = declared.of_kind(run.state, 'records')
  for policy, seen_us in pairs(declared.of_kind(run.state, 'log')) do
    local log = run.known_logs[policy]
    log.records = records[policy] ~= nil
    log.cap_bytes = log.records and run.request.cap_connections or run.request.cap_others
    log.is_idle = log.records and declared.is_idle(records[policy], now_us)
    run.logs[#run.logs + 1] = log
    if log.records then run.recording[#run.recording + 1] = log end
    if not log.records and declared.is_idle(seen_us, now_us) then state.remove(run.state, 'log:' .. policy) end
  end
end

-- Notes a clock that has gone back or leapt.
function fold.watch_clock(run)
  local last_us = state.number(run.state, 'now')
  state.set(run.state, 'now', run.now_us)
  if not last_us then return end
  if run.now_us - last_us > LEAP_US then state.set(run.state, 'hold', run.now_us + LEAP_US) end
  if run.now_us >= last_us then return end
  local longest_us, back_us = 0, state.number(run.state, 'back')
  for _, window in ipairs(run.windows) do longest_us = math.max(longest_us, window.us) end
  -- What the earlier clock left is still counted, but must not stay longer.
  if not back_us or back_us <= run.now_us - longest_us or back_us > run.now_us then
    state.set(run.state, 'back', run.now_us)
  end
  recent.clamp(run.keys[4], run.now_us)
  hours.forget(run.keys[6], 0, math.floor(run.now_us / 1000))
  windows.refill_all(run)
end

local HOUR_US = 60 * 60 * 1000000

-- Counts admissions, or refunds, by the hour. Entries of one hour are adjacent, so its field is built once.
local function hour_counter(run, policy, verdict)
  local from_us, field = math.huge, nil
  return function(at_us, count)
    if at_us < from_us or at_us >= from_us + HOUR_US then
      from_us = at_us - at_us % HOUR_US
      field = hours.field(at_us, policy, verdict)
    end
    run.hours[field] = (run.hours[field] or 0) + count
  end
end

-- Reads new entries of a log. Returns the number of pairs, and whether that was all.
function fold.read(run, log, budget)
  local field, count, seen = 'folded:' .. log.policy, 0, {}
  local cursor = run.state.fields[field]
  local count_admitted = hour_counter(run, log.policy, 'admitted')
  local count_refunded = hour_counter(run, log.policy, 'refunded')
  local visited, is_done = entries.walk({
    command = 'XRANGE', key = log.key, from = cursor and '(' .. cursor or '-', to = '+', budget = budget,
    visit = function(entry, at_us, first, pair_count)
      local refunded_us, made_us = entries.refunded_us(entry[2], first), windows.made_us(run, at_us)
      if refunded_us then
        count_refunded(made_us, pair_count)
        if log.records then refunds.fold(run, log, entry, first, refunded_us) end
      else
        count_admitted(made_us, pair_count)
        if log.records then windows.count(run, log, run.added, entry, first, 1) end
      end
      count = count + 1
      seen[count] = entry
      return true
    end,
  })
  if count > 0 then
    state.set(run.state, field, seen[count][1])
    logs.folded(run, log, count)
    if log.records then run.seen[#run.seen + 1] = { log = log, entries = seen } end
    run.folded = run.folded + count
  end
  return visited, is_done
end

function fold.read_all(run, budget)
  local is_done = true
  for _, log in ipairs(run.logs) do
    local visited, is_log_done = fold.read(run, log, budget)
    budget, is_done = budget - visited, is_done and is_log_done
  end
  return is_done
end

-- Moves the old end of each window. Returns whether all are up to date.
function fold.retire_all(run, budget)
  local is_done = true
  for _, log in ipairs(run.recording) do
    local is_log_done = true
    for _, window in ipairs(run.windows) do
      if log.is_idle or not windows.filling_us(run, window, log) then
        local until_us = log.is_idle and math.huge or run.now_us - window.us
        is_log_done = windows.retire(run, window, log, until_us, budget) and is_log_done
      end
    end
    if log.is_idle and is_log_done then windows.forget_log(run, log) else logs.release(run, log) end
    is_done = is_done and is_log_done
  end
  return is_done
end

function fold.fill_all(run, budget)
  local is_done = true
  for _, log in ipairs(run.recording) do
    for _, window in ipairs(run.windows) do
      if windows.filling_us(run, window, log) and not log.is_idle then
        is_done = windows.fill(run, window, log, budget) and is_done
      end
    end
  end
  return is_done
end

-- Trims logs that are too large or too old. Returns whether nothing is left to drop.
function fold.tend_logs(run, budget)
  local is_done = true
  for _, log in ipairs(run.logs) do
    if run.request.measure then logs.measure(run, log) end
    is_done = logs.drop(run, log, budget) and is_done
    if run.request.measure then refunds.forget(run, log) end
    if not log.records and run.request.measure then logs.release_old(run, log, run.request.keep_log_ms * 1000) end
  end
  return is_done
end

-- Renews the expiry of all keys, so that an unused store empties itself.
function fold.touch(run)
  local touched_us = state.number(run.state, 'touched')
  if touched_us and run.now_us - touched_us < TOUCH_US and touched_us <= run.now_us then return end
  redis.call('HSET', run.keys[2], 'touched', string.format('%.0f', run.now_us))
  local keep_ms = run.request.keep_log_ms
  for _, window in ipairs(run.windows) do keep_ms = math.max(keep_ms, window.ms) end
  -- The logs outlive the counts made from them, or those could not be retired.
  for _, log in ipairs(run.logs) do
    for _, key in ipairs({ log.key, log.refunds_key }) do redis.call('PEXPIRE', key, keep_ms + 3600000) end
  end
  for _, key in ipairs({ run.keys[2], run.keys[4] }) do redis.call('PEXPIRE', key, keep_ms) end
  for _, window in ipairs(run.windows) do redis.call('PEXPIRE', window.key, keep_ms) end
end

-- A subject without a count in a window may be new.
function fold.add_newcomers(run)
  local window, newcomers = run.windows[1], {}
  if not window then return false end
  for i, subject in ipairs(window.subjects) do
    if run.added[subject] and not window.scores[i] then newcomers[#newcomers + 1] = subject end
  end
  if #newcomers > 0 then redis.call('SADD', run.keys[5], unpack(newcomers)) end
  return #newcomers > 0
end

local function require_type(key, type)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= type then error({ err = 'WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. type }) end
end

-- Writes the results of the call: everything is read before that, so that nothing can fail in between.
function fold.write(run)
  for _, window in ipairs(run.windows) do windows.prepare(run, window) end
  require_type(run.keys[4], 'zset')
  require_type(run.keys[5], 'set')
  require_type(run.keys[6], 'hash')
  for _, log in ipairs(run.recording) do require_type(log.refunds_key, 'zset') end
  local has_newcomers = fold.add_newcomers(run)
  for _, key in ipairs(run.gone) do redis.call('UNLINK', key) end
  for _, window in ipairs(run.windows) do windows.apply(window) end
  for _, seen in ipairs(run.seen) do recent.add(run, seen.log, seen.entries) end
  for _, log in ipairs(run.recording) do refunds.write(run, log) end
  hours.add(run.keys[6], run.hours, run.request.keep_hours_ms, run.now_us)
  logs.trim(run)
  state.save(run.state)
  fold.touch(run)
  return has_newcomers
end
