-- Decides on many admissions, each by itself: takes its cost from every limit of its policy, or from none.
--
-- One function, because the verdict on all limits, the taking from all of them, the memory of the request and the log
-- must change together, or not at all. An entry reads all that it needs before it writes, so a fault in it changes
-- nothing, and concerns no other entry. Entries of one subject see each other, in order.
--
-- KEYS[1]    control
-- KEYS[2]    the overrides
-- KEYS[3..]  the log of each policy, in their order; then, at each entry's own place, the takings of its subject and
--            the states of those limits that have one
--
-- ARGV[1]    the claim that the caller knows
-- ARGV[2]    the ids of the entries, 16 bytes each
-- ARGV[3]    the entries, one after the other, as `struct` packs them: ENTRY below
--              where its policy is among the policies, and its first key among the keys, from 1
--              the cost, and the deadline in microseconds, or 0
--              1 if the caller gave the id, so that it must be known again, plus 2 if a denial shall list the ids
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
local REUSED, LATE, FAULTY, NO_MEMORY = -1, -2, -3, -4

local ID_BYTES = 16
local ENTRY = '>I2I4I4dI1I2c0' -- the subject's length before the subject
local FIRST_POLICY_ARGUMENT = 4
local LOGS_BEFORE = 2 -- keys before those of the logs

-- Serves one entry after the other, of one call after the other.
local request = { policies = {}, retains_us = {}, view = takings.new_view() }

-- The verdict, the retry delay, and how many ids.
local function append_verdict(values, verdict, delay_us, id_count)
  local n = #values
  values[n + 1], values[n + 2], values[n + 3] = verdict, delay_us, id_count
end

local function append_admitted(policy_at)
  local admitted = request.admitted[policy_at]
  if not admitted then
    request.admitted[policy_at] = { request.subject, small_to_text(request.cost) }
    return
  end
  local n = #admitted
  admitted[n + 1], admitted[n + 2] = request.subject, small_to_text(request.cost)
end

-- Decides on the entry whose values `struct` has unpacked.
local function decide(values, at, policy_at, key_at, cost, deadline_us, flags, subject)
  local clock = request.clock
  local now_us = clock.now_us
  if deadline_us > 0 and now_us > deadline_us then
    values[#values + 1] = LATE
    return
  end
  local policy = request.policies[policy_at]
  local is_remembered, wants_ids = flags % 2 == 1, flags >= 2
  local id = string.sub(request.ids, at * ID_BYTES - ID_BYTES + 1, at * ID_BYTES)
  -- If no limit counts the takings, and nobody will ask for this request again, there is nothing to read.
  local view = (policy.is_counted or is_remembered) and request.view
  if view then takings.open(view, request.keys[key_at], request) end
  request.id, request.subject, request.cost = id, subject, cost
  request.policy, request.key_at, request.takings = policy, key_at, view

  local found = is_remembered and takings.find(view, id)
  if found then
    if takings.found_cost(view, id, found) ~= cost then
      values[#values + 1] = REUSED
      return
    end
    append_verdict(values, REPEATED, 0, 0)
    limits.describe(limits.load(request), now_us, values)
    return
  end

  local loaded = limits.load(request)
  local is_admitted, delay_us = limits.decide(loaded, cost, now_us)
  if not is_admitted then
    append_verdict(values, DENIED, delay_us, wants_ids and view and takings.append_ids(view, request.found_ids) or -1)
    limits.describe(loaded, now_us, values)
  elseif request.is_read_only then
    values[#values + 1] = NO_MEMORY
    return
  else
    limits.take(loaded, request)
    if view then takings.take(view, id, cost, policy.is_counted) end
    append_admitted(policy_at)
    append_verdict(values, ADMITTED, 0, 0)
    limits.describe(loaded, now_us, values)
  end
  if request.is_read_only then return end
  -- Another daemon may count for longer.
  if view then takings.keep(view, math.max(policy.retain_us, request.retains_us[policy_at])) end
  limits.keep(loaded)
end

-- Reads what all daemons agree on: returns nil, or the error that the caller must know.
local function read_shared(keys, args)
  local policy_count = #args - FIRST_POLICY_ARGUMENT + 1
  local fields = { 'claim', 'overrides' }
  for i = 1, policy_count do
    local policy = policies.read(args[FIRST_POLICY_ARGUMENT + i - 1])
    request.policies[i] = policy
    fields[i + 2] = policy.retain_field
  end
  local kept = redis.call('HMGET', keys[1], unpack(fields))
  request.has_overrides = kept[2] and kept[2] ~= '0'
  for i = 1, policy_count do
    request.retains_us[i] = tonumber(kept[i + 2] or 0)
  end
  return control.check(kept[1], args[1])
end

-- Decides on one entry. A fault in it is its own.
local function decide_safely(values, ...)
  local before = #values
  local is_decided, fault = pcall(decide, values, ...)
  if is_decided then return end
  for n = #values, before + 1, -1 do
    values[n] = nil
  end
  values[before + 1] = FAULTY
  values[before + 2] = tostring(type(fault) == 'table' and fault.err or fault)
end

-- Dates anew what the subjects of a call took before the clock went back. A denial sees that by itself; an admission
-- does not look at its newest taking, but the log notices.
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

local function admit(keys, args, is_read_only)
  request.clock = read_clock()
  request.keys, request.overrides_key, request.is_read_only = keys, keys[2], is_read_only
  request.ids, request.admitted, request.found_ids = args[2], {}, {}
  local stale = read_shared(keys, args)
  if stale then return stale end

  local values, entries = { request.clock.now_us }, args[3]
  local entry_at, at = 1, 1
  while entry_at <= #entries do
    local policy_at, key_at, cost, deadline_us, flags, subject, next_at = struct.unpack(ENTRY, entries, entry_at)
    decide_safely(values, at, policy_at, key_at, cost, deadline_us, flags, subject)
    entry_at, at = next_at, at + 1
  end
  local is_behind = false
  for policy_at, admitted in pairs(request.admitted) do
    is_behind = log.append(keys[LOGS_BEFORE + policy_at], request.clock, admitted) or is_behind
  end
  if is_behind then catch_up(entries) end
  values[#values + 1] = table.concat(request.found_ids)
  return values
end

register('admit', function(keys, args)
  return admit(keys, args, false)
end)

-- The same for a Redis without memory: denials and repeats are still answered, and nothing is taken.
register('admit_read_only', function(keys, args)
  return admit(keys, args, true)
end, READS_ONLY)
