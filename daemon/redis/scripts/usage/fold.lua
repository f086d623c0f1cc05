-- Folds the logs of a partition's admissions into its statistics, in steps that are short for Redis.
--
-- KEYS[1]  control
-- KEYS[2]  the state of the statistics
-- KEYS[3]  the lease
-- KEYS[4]  the last users
-- KEYS[5]  the newcomers
-- KEYS[6]  the decisions by hour
-- KEYS[7..]  for each window its counts, then for each log its stream, then for each log its refunds
--
-- ARGV[1]  msgpack: {
--            claim: what the caller expects of the store,
--            daemon: who calls, lease_ms: how long it takes the lease for; 0 folds without the lease,
--            windows: { { ms, declared }, ... }; declared is false for what only other daemons have declared,
--            logs: { { policy, declared, records }, ... },
--            cap_connections, cap_others: how many bytes a log may take that records connections, or does not,
--            budget: how many pairs of the logs each part of the work may read,
--            measure: whether to look at how large the logs are,
--            is_timed: whether to report how long the step took,
--            keep_hours_ms, keep_log_ms: how long hours and logs are kept,
--            query: { window_ms, recent_count, top_count, subject } to read the statistics as well }
--
-- Returns  msgpack: {
--            unknown: { windows, policies } that the caller must name; then nothing was done,
--            held: whether the caller has the lease; if not, nothing was folded,
--            caught_up: whether all is folded and retired, up to now; has_more: whether any work is left,
--            now_us, took_us; folded, dropped: entries; backlog, lag_us: what is left to fold, only if not caught up,
--            has_newcomers,
--            usage: { recent, top, subject_count, complete_since_us }, if it was asked for and all is caught up }

-- What is left to fold: the number of entries, and the age of the oldest.
local function describe_backlog(run)
  local backlog, oldest_us = 0, run.now_us
  for _, log in ipairs(run.logs) do
    local folded = run.state.fields['folded:' .. log.policy]
    local left = redis.call('XLEN', log.key) - (state.number(run.state, 'kept:' .. log.policy) or 0)
    backlog = backlog + math.max(0, left)
    local next_entry = redis.call('XRANGE', log.key, folded and '(' .. folded or '-', '+', 'COUNT', 1)[1]
    if next_entry then oldest_us = math.min(oldest_us, (entries.read(next_entry))) end
  end
  return backlog, run.now_us - oldest_us
end

-- Since when the window counts every connection.
local function complete_since_us(run, window)
  local since_us = run.now_us - window.us
  for _, log in ipairs(run.recording) do
    local filling_us = windows.filling_us(run, window, log) or 0
    local dropped_us = state.number(run.state, 'dropped:' .. log.policy) or 0
    since_us = math.max(since_us, math.min(run.now_us, math.max(filling_us, dropped_us)))
  end
  return since_us
end

-- A count of 0 would turn the last rank into -1, which means all of them.
local function first(key, count)
  if count == 0 then return {} end
  return redis.call('ZRANGE', key, 0, count - 1, 'REV', 'WITHSCORES')
end

local function read(run, query)
  local window = run.known_windows[string.format('%.0f', query.window_ms)]
  local own = query.subject and redis.call('ZSCORE', window.key, query.subject)
  return {
    recent = first(run.keys[4], query.recent_count),
    top = first(window.key, query.top_count),
    subject_count = tonumber(own or 0),
    complete_since_us = complete_since_us(run, window),
  }
end

local function work(run)
  local budget = run.request.budget
  for _, log in ipairs(run.logs) do logs.check(run, log) end
  windows.open_all(run)
  fold.watch_clock(run)
  local is_folded = fold.read_all(run, budget)
  local is_tended = fold.tend_logs(run, budget)
  local is_retired = fold.retire_all(run, budget)
  local is_filled = fold.fill_all(run, budget)
  local reply = { held = true, now_us = run.now_us, has_newcomers = fold.write(run) }
  reply.caught_up = is_folded and is_retired
  reply.has_more = not (reply.caught_up and is_tended and is_filled)
  reply.folded, reply.dropped = run.folded, run.dropped
  if not is_folded then reply.backlog, reply.lag_us = describe_backlog(run) end
  if run.request.query and reply.caught_up then reply.usage = read(run, run.request.query) end
  if run.request.is_timed then reply.took_us = read_clock_us() - run.now_us end
  return reply
end

local function step(keys, request)
  local run = fold.open(keys, request)
  declared.renew(run.state, request.windows, request.logs, run.now_us)
  local unknown_windows = declared.unknown(run.state, 'window', run.known_windows)
  local unknown_logs = declared.unknown(run.state, 'log', run.known_logs)
  if #unknown_windows + #unknown_logs > 0 then
    return { unknown = { windows = unknown_windows, policies = unknown_logs } }
  end
  if request.lease_ms > 0 and not fold.takes_lease(keys[3], request.daemon, request.lease_ms) then
    state.save(run.state)
    return { held = false }
  end
  fold.arrange(run)
  return work(run)
end

-- It frees memory, so it also runs without free memory.
register('fold', function(keys, args)
  local request = cmsgpack.unpack(args[1])
  local stale = control.check(redis.call('HGET', keys[1], 'claim'), request.claim)
  if stale then return stale end
  return cmsgpack.pack(step(keys, request))
end, { 'allow-oom' })
