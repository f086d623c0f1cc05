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
-- ARGV[3]    msgpack: a flat list of six values for each entry:
--              where its policy is among the policies, and its first key among the keys, from 1
--              the subject, the cost, and the deadline in microseconds, or 0
--              1 if the caller gave the id, so that it must be known again, plus 2 if a denial shall list the ids
--              that the takings hold
-- ARGV[4..]  the policies, each as `policies.read` takes it
--
-- Returns    { msgpack of { now in microseconds, values }, ids }
--              values: for each entry the verdict; after admitted, denied and repeated, the retry delay in microseconds
--              or -1 for never, the number of its ids or -1, and the numbers of limits.describe; after faulty, a message
--              ids: those that were asked for, 16 bytes each, in the order of the entries
--
-- Errors     STALECLAIM if the store is another one than the caller knows; then no entry was decided

local ADMITTED, DENIED, REPEATED = 1, 0, 2
local REUSED, LATE, FAULTY, NO_MEMORY = -1, -2, -3, -4

local ID_BYTES = 16
local ENTRY_VALUES = 6
local FIRST_POLICY_ARGUMENT = 4
local LOGS_BEFORE = 2 -- keys before those of the logs

-- The verdict, the retry delay, and how many ids.
local function append_verdict(values, verdict, delay_us, id_count)
  local n = #values
  values[n + 1], values[n + 2], values[n + 3] = verdict, delay_us, id_count
end

local function append_admitted(request, policy_at)
  local admitted = request.admitted[policy_at]
  if not admitted then
    admitted = {}
    request.admitted[policy_at] = admitted
  end
  local n = #admitted
  admitted[n + 1], admitted[n + 2] = request.subject, request.cost
end

-- Decides on the entry whose values begin after `first`.
local function decide(request, first, at, values)
  local entries, clock = request.entries, request.clock
  local policy_at, key_at, flags = entries[first + 1], entries[first + 2], entries[first + 6]
  local cost, deadline_us = entries[first + 4], entries[first + 5]
  local now_us = clock.now_us
  if deadline_us > 0 and now_us > deadline_us then
    values[#values + 1] = LATE
    return
  end
  local policy = request.policies[policy_at]
  local is_remembered, wants_ids = flags % 2 == 1, flags >= 2
  local id = string.sub(request.ids, at * ID_BYTES - ID_BYTES + 1, at * ID_BYTES)
  local view
  if policy.is_counted or is_remembered then
    view = takings.view(request.keys[key_at], is_remembered and id, clock, request.is_read_only)
  else
    -- No limit counts the takings, and nobody will ask for this request again.
    view = takings.none(clock)
  end
  request.id, request.subject, request.cost = id, entries[first + 3], cost
  request.policy, request.key_at, request.takings = policy, key_at, view

  if view.found_us then
    if takings.found_cost(view, id) ~= cost then
      values[#values + 1] = REUSED
      return
    end
    local loaded = limits.load(request)
    append_verdict(values, REPEATED, 0, 0)
    limits.describe(loaded, now_us, values)
    return
  end

  local loaded = limits.load(request)
  local is_admitted, delay_us = limits.decide(loaded, cost, now_us)
  if not is_admitted then
    append_verdict(values, DENIED, delay_us, wants_ids and takings.append_ids(view, request.found_ids) or -1)
    limits.describe(loaded, now_us, values)
  elseif request.is_read_only then
    values[#values + 1] = NO_MEMORY
    return
  else
    limits.take(loaded, request)
    if view.key then takings.take(view, id, cost, policy.is_counted) end
    append_admitted(request, policy_at)
    append_verdict(values, ADMITTED, 0, 0)
    limits.describe(loaded, now_us, values)
  end
  if request.is_read_only then return end
  -- Another daemon may count for longer.
  if view.key then takings.keep(view, math.max(policy.retain_us, request.retains_us[policy_at])) end
  limits.keep(loaded)
end

-- Reads the policies, and what all daemons agree on: returns nil, or the error that the caller must know.
local function read_shared(request, keys, args)
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

local function admit(keys, args, is_read_only)
  local request = {
    keys = keys,
    overrides_key = keys[2],
    has_overrides = false,
    is_read_only = is_read_only,
    clock = read_clock(),
    ids = args[2],
    entries = cmsgpack.unpack(args[3]),
    policies = {},
    retains_us = {},
    admitted = {},
    found_ids = {},
    -- Of the entry that is being decided.
    id = false,
    subject = false,
    cost = 0,
    policy = false,
    key_at = 0,
  }
  local stale = read_shared(request, keys, args)
  if stale then return stale end

  local values = {}
  for first = 0, #request.entries - ENTRY_VALUES, ENTRY_VALUES do
    local before = #values
    local is_decided, fault = pcall(decide, request, first, first / ENTRY_VALUES + 1, values)
    if not is_decided then
      for n = #values, before + 1, -1 do
        values[n] = nil
      end
      values[before + 1] = FAULTY
      values[before + 2] = tostring(type(fault) == 'table' and fault.err or fault)
    end
  end
  for policy_at, admitted in pairs(request.admitted) do
    log.append(keys[LOGS_BEFORE + policy_at], request.clock, admitted)
  end
  return { cmsgpack.pack({ request.clock.now_us, values }), table.concat(request.found_ids) }
end

register('admit', function(keys, args)
  return admit(keys, args, false)
end)

-- The same for a Redis without memory: denials and repeats are still answered, and nothing is taken.
register('admit_read_only', function(keys, args)
  return admit(keys, args, true)
end, READS_ONLY)
