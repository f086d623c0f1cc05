-- Decides on many admissions, each by itself: takes its cost from every limit of its policy, or from none.
--
-- One function, because the verdict on all limits, the taking from all of them, the memory of the request and the log
-- must change together, or not at all. An entry reads everything before it takes anything, so an error in it takes nothing
-- and affects no other entry. Reading may write what is true whether or not the entry takes: what was taken in the future
-- counts as taken now, and a limit whose algorithm was changed takes over what the other had left (sliding_window.lua,
-- token_bucket.lua, takings.lua). Entries of one subject see each other, in order.
--
-- KEYS[1]    control
-- KEYS[2]    the overrides
-- KEYS[3..]  the log of each policy, in their order; then, at each entry's position, the takings of its subject and
--            the states of those limits that have one
--
-- ARGV[1]    the claim that the caller knows
-- ARGV[2]    the ids of the entries, 16 bytes each
-- ARGV[3]    the entries, one after the other, as `struct` packs them: ENTRY below
--              the positions of its policy and of its first key, from 1
--              the cost, and the deadline in microseconds, or 0
--              1 if the caller gave the id, so that a repeat must be recognised, plus 2 if a denial must list the ids
--              that the takings hold
--              the subject
-- ARGV[4..]  the policies, each as `policies.read` takes it
--
-- Returns    now in microseconds; then for each entry the verdict; after admitted, denied and repeated, the retry delay in
--            microseconds or -1 for never, the number of its ids or -1, and the numbers of limits.describe; after faulty,
--            a message; at the end the ids that were asked for, 16 bytes each, in the order of the entries
--
-- Errors     STALECLAIM if the store is another one than the caller knows; then no entry was decided

local ADMITTED, DENIED, REPEATED = 1, 0, 2
local REUSED, LATE, FAULTY, NO_MEMORY, REFUNDED = -1, -2, -3, -4, -5

local ID_BYTES = 16
local ENTRY = '>I2I4I4dI1I2c0' -- the subject's length before the subject
local FIRST_POLICY_ARGUMENT = 4
local LOGS_BEFORE = 2 -- keys before those of the logs

-- Reused for each entry of each call.
local request = { policies = {}, view = takings.new_view() }

local function append_admitted(policy_at)
  local admitted = request.admitted[policy_at]
  if not admitted then
    request.admitted[policy_at] = { request.subject, small_to_text(request.cost) }
    return
  end
  local n = #admitted
  admitted[n + 1], admitted[n + 2] = request.subject, small_to_text(request.cost)
end

local function append_ids(view)
  request.found_ids = request.found_ids or {}
  return takings.append_ids(view, request.found_ids)
end

-- Writes a verdict, the retry delay, the number of ids and the state of the limits after the first `count` values.
local function report(values, count, verdict, delay_us, id_count, loaded)
  values[count + 1], values[count + 2], values[count + 3] = verdict, delay_us, id_count
  return limits.describe(loaded, request.clock.now_us, values, count + 3)
end

-- Decides on the entry whose values `struct` has unpacked. Writes its values after the first `count`, and returns the new
-- count.
local function decide(values, count, at, policy_at, key_at, cost, deadline_us, flags, subject)
  local now_us = request.clock.now_us
  if deadline_us > 0 and now_us > deadline_us then
    values[count + 1] = LATE
    return count + 1
  end
  local policy = request.policies[policy_at]
  local is_remembered, wants_ids = flags % 2 == 1, flags >= 2
  local id = string.sub(request.ids, at * ID_BYTES - ID_BYTES + 1, at * ID_BYTES)
  -- If no limit counts the takings and the request cannot be repeated, there is nothing to read.
  local view = (policy.is_counted or is_remembered) and request.view
  if view then takings.open(view, request.keys[key_at], request) end
  request.id, request.subject, request.cost = id, subject, cost
  request.policy, request.key_at, request.takings = policy, key_at, view

  local found = is_remembered and takings.find(view, id)
  if found then
    if takings.is_refunded(found) then
      values[count + 1] = REFUNDED
      return count + 1
    end
    if not takings.has_cost(view, id, found, cost) then
      values[count + 1] = REUSED
      return count + 1
    end
    return report(values, count, REPEATED, 0, 0, limits.load(request))
  end

  local loaded = limits.load(request)
  local is_admitted, delay_us = limits.decide(loaded, cost, now_us)
  if is_admitted and request.is_read_only then
    values[count + 1] = NO_MEMORY
    return count + 1
  end
  if is_admitted then
    limits.take(loaded, request)
    if view then takings.take(view, id, cost, policy.is_counted) end
    append_admitted(policy_at)
    count = report(values, count, ADMITTED, 0, 0, loaded)
  else
    count = report(values, count, DENIED, delay_us, wants_ids and view and append_ids(view) or -1, loaded)
  end
  -- After a denial no expiry needs renewal, unless retention times have grown recently.
  if is_admitted or (now_us < (request.grown_until_us[policy.name] or 0) and not request.is_read_only) then
    -- Another daemon may have a longer window.
    if view then takings.keep(view, math.max(policy.retain_us, request.kept_us[policy.name] or 0)) end
    limits.keep(loaded)
  end
  return count
end

-- Redates what the subjects of a call took before the clock went back. A denial notices that by itself; an admission does
-- not look at its newest taking, but the log notices.
local function catch_up(entries)
  local entry_at = 1
  while entry_at <= #entries do
    local policy_at, key_at, _, _, _, _, next_at = struct.unpack(ENTRY, entries, entry_at)
    if request.policies[policy_at].is_counted then
      takings.open(request.view, request.keys[key_at], request)
      pcall(takings.catch_up, request.view)
    end
    entry_at = next_at
  end
end

-- Sets up the request for a call. Returns an error if the store is another one than the caller knows.
local function open_request(keys, args, is_read_only)
  local summary = control.read(keys[1])
  local stale = control.check(summary.claim, args[1])
  if stale then return stale end
  request.clock = read_clock()
  request.keys, request.overrides_key, request.is_read_only = keys, keys[2], is_read_only
  request.has_overrides = summary.overrides > 0
  request.kept_us, request.grown_until_us = summary.retain_us, summary.grown_until_us
  request.ids, request.admitted, request.found_ids = args[2], {}, nil
  local policy_count = #args - FIRST_POLICY_ARGUMENT + 1
  for i = 1, policy_count do
    request.policies[i] = policies.read(args[FIRST_POLICY_ARGUMENT + i - 1])
  end
  return nil, policy_count
end

local function admit(keys, args, is_read_only)
  local stale, policy_count = open_request(keys, args, is_read_only)
  if stale then return stale end
  -- Sized for one entry with one limit, so that the table need not grow.
  local values, entries = { request.clock.now_us, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, args[3]
  local count, entry_at, at = 1, 1, 1
  while entry_at <= #entries do
    local policy_at, key_at, cost, deadline_us, flags, subject, next_at = struct.unpack(ENTRY, entries, entry_at)
    local is_decided, result = pcall(decide, values, count, at, policy_at, key_at, cost, deadline_us, flags, subject)
    if is_decided then
      count = result
    else
      values[count + 1] = FAULTY
      values[count + 2] = tostring(type(result) == 'table' and result.err or result)
      count = count + 2
    end
    entry_at, at = next_at, at + 1
  end
  local is_behind = false
  for i = 1, policy_count do
    local admitted = request.admitted[i]
    if admitted then is_behind = log.append(keys[LOGS_BEFORE + i], request.clock, admitted) or is_behind end
  end
  if is_behind then catch_up(entries) end
  values[count + 1] = request.found_ids and table.concat(request.found_ids) or ''
  for i = count + 2, #values do
    values[i] = nil
  end
  return values
end

register('admit', function(keys, args)
  return admit(keys, args, false)
end)

-- The same for a Redis without memory: it still answers denials and repeats, and takes nothing.
register('admit_read_only', function(keys, args)
  return admit(keys, args, true)
end, READS_ONLY)
