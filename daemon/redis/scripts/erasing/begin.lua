-- Starts erasing a subject: its limits and counts are gone at once.
--
-- One function, because what an admission finds and what is counted of it must be of one time: what came before goes, and
-- what comes after starts anew.
--
-- KEYS[1]    control
-- KEYS[2]    the running erasures: a hash of msgpack { subject, subject_hash, begun_us, policies, limits, cutoffs,
--            steps_done, steps_total }, by id
-- KEYS[3]    the state of the statistics
-- KEYS[4]    the last users
-- KEYS[5]    the newcomers
-- KEYS[6]    the overrides
-- KEYS[7]    who was erased, under the hash
-- KEYS[8..]  for each window its counts, then for each policy its log, then for each policy its refunds, then all keys that hold
--            the subject alone
--
-- ARGV[1]    msgpack: { claim, id, subject, subject_hash,
--              windows_ms, policies: whose keys are given, limits: theirs, as POLICY:LIMIT,
--              steps: how many there are, most: how many erasures may go on }
--
-- Returns    msgpack: { id, begun_us }, { again: true } if there are windows or policies that the caller did not name,
--            { is_full: true } if too many are running; then nothing was done

local FIRST_WINDOW = 8

local function has_all(kept, kind, names)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  for i = 1, #kept, 2 do
    local name = string.match(kept[i], '^' .. kind .. ':(.+)$')
    if name and not known[name] then return false end
  end
  return true
end

-- The running erasure of the same subject, if any.
local function find_running(key, subject)
  local running = redis.call('HGETALL', key)
  for i = 1, #running, 2 do
    if cmsgpack.unpack(running[i + 1]).subject == subject then return running[i], #running / 2 end
  end
  return nil, #running / 2
end

-- The refunds of a log name their subject last: see `refunds.lua`.
local function erase_refunds(key, subject)
  for _, member in ipairs(redis.call('ZRANGE', key, '0', '-1')) do
    if string.match(member, '^%S+ %d+ (.*)$') == subject then redis.call('ZREM', key, member) end
  end
end

local function erase_state(keys, request)
  local subject = request.subject
  for i = 1, #request.windows_ms do redis.call('ZREM', keys[FIRST_WINDOW + i - 1], subject) end
  redis.call('ZREM', keys[4], subject)
  redis.call('SREM', keys[5], subject)
  for _, limit in ipairs(request.limits) do redis.call('HDEL', keys[6], limit .. ':' .. subject) end
  count_overrides(keys[1], keys[6])
  local logs_at = FIRST_WINDOW - 1 + #request.windows_ms
  local refunds_at = logs_at + #request.policies
  for i = 1, #request.policies do erase_refunds(keys[refunds_at + i], subject) end
  for i = refunds_at + #request.policies + 1, #keys do redis.call('UNLINK', keys[i]) end
end

local function begin(keys, request)
  local cutoffs = {}
  for i, policy in ipairs(request.policies) do cutoffs[policy] = erasing.last_id(keys[FIRST_WINDOW - 1 + #request.windows_ms + i]) end
  erase_state(keys, request)
  local record = {
    subject = request.subject, subject_hash = request.subject_hash, begun_us = read_clock_us(),
    policies = request.policies, limits = request.limits, cutoffs = cutoffs, steps_done = 1, steps_total = request.steps,
  }
  redis.call('HSET', keys[2], request.id, cmsgpack.pack(record))
  erased.note(keys[7], request.subject_hash, record.begun_us)
  redis.call('HSET', keys[3], 'erasing:' .. request.id, cmsgpack.pack({ subject = request.subject, cutoffs = cutoffs }))
  return { id = request.id, begun_us = record.begun_us }
end

register('begin_erasure', function(keys, args)
  local request = cmsgpack.unpack(args[1])
  local kept, windows_ms = redis.call('HGETALL', keys[1]), {}
  local claim = redis.call('HGET', keys[1], 'claim')
  local stale = control.check(claim, request.claim)
  if stale then return stale end
  for i, ms in ipairs(request.windows_ms) do windows_ms[i] = string.format('%.0f', ms) end
  local has_policies = has_all(kept, 'shape', request.policies)
  if not has_policies or not has_all(redis.call('HGETALL', keys[3]), 'window', windows_ms) then
    return cmsgpack.pack({ again = true })
  end
  local id, count = find_running(keys[2], request.subject)
  if not id and count >= request.most then return cmsgpack.pack({ is_full = true }) end
  request.id = id or request.id
  return cmsgpack.pack(begin(keys, request))
end, { 'allow-oom' })

-- Starts erasing a subject from the record of calls; a repeat for the same erasure changes nothing.
--
-- KEYS[1]  control
-- KEYS[2]  calls by subject
-- KEYS[3]  the request ids of the subject's calls
-- KEYS[4]  the log of calls
-- ARGV[1]  msgpack: { claim, subject, mark: names the erasure and when it began }
-- Returns  the last entry of the log when it began; empty if there was none
register('begin_calls_erasure', function(keys, args)
  local request = cmsgpack.unpack(args[1])
  local stale = control.check(redis.call('HGET', keys[1], 'claim'), request.claim)
  if stale then return stale end
  local field = 'erasing:' .. request.mark
  local cutoff = redis.call('HGET', keys[1], field)
  if cutoff then return cutoff end
  cutoff = erasing.last_id(keys[4]) or ''
  redis.call('ZREM', keys[2], request.subject)
  redis.call('UNLINK', keys[3])
  redis.call('HSET', keys[1], field, cutoff)
  return cutoff
end, { 'allow-oom' })

-- Announces that an erasure is about to begin in a partition, so that daemons look there: see docs/decisions/0050.
--
-- KEYS[1]  the announcements: a hash of the latest mark of each partition, and of all under `latest`
-- ARGV[1]  the partition
-- ARGV[2]  a mark that was never used before
-- Returns  nothing
register('announce_erasure', function(keys, args)
  redis.call('HSET', keys[1], args[1], args[2], 'latest', args[2])
end, { 'allow-oom' })
