-- Writes admissions that a daemon has made without the store, each at its own time and under its own id. What the store
-- already holds is left alone: an earlier attempt had arrived. What was admitted before an erasure of its subject began is
-- not written. Nor is a cost above what any window lets through: each token would be a member, and the work without bound.
--
-- One function, because the takings, the states of the limits and the log must change together, or not at all.
--
-- KEYS, ARGV as for `admit`, but that the deadline of an entry is the time of its admission; a future time counts as now;
--            at the end of KEYS the running erasures and who was erased, at the end of ARGV the hash of each entry's subject,
--            as msgpack
--
-- Returns    for each entry 1 if it was written, 2 if the store held it already, 3 if its subject was erased, or what is wrong
--
-- Errors     STALECLAIM if the store is another one than the caller knows; then nothing was written

local restore = {}

local ERASED = 3

function restore.one(at, policy_at, key_at, cost, admitted_us, subject)
  local policy, now_us = request.policies[policy_at], request.clock.now_us
  if policy.is_counted and cost > MOST_TOKENS then
    error('a cost of ' .. to_text(cost) .. ' is above ' .. to_text(MOST_TOKENS) .. ', the largest window', 0)
  end
  local at_us = math.min(admitted_us, now_us)
  local view = request.view
  takings.open(view, request.keys[key_at], request)
  request.id = string.sub(request.ids, at * ID_BYTES - ID_BYTES + 1, at * ID_BYTES)
  request.subject, request.cost = subject, cost
  request.policy, request.key_at, request.takings = policy, key_at, view
  if takings.find(view, request.id) then return REPEATED end
  local loaded = limits.load(request)
  limits.restore(loaded, request, at_us)
  -- Even a policy that remembers no ids keeps this one: its daemon may have to write it again.
  takings.restore(view, request, policy.is_counted, at_us)
  log.restore(request.keys[LOGS_BEFORE + policy_at], request.clock, at_us, subject, cost)
  takings.keep(view, math.max(policy.retain_us, request.kept_us[policy.name] or 0, restore.LEAST_KEPT_US))
  limits.keep(loaded)
  return ADMITTED
end

-- A daemon that got no answer rewrites its journal within this time, or after its next outage.
restore.LEAST_KEPT_US = 10 * 60 * 1000000

register('restore', function(keys, args)
  local hashes = cmsgpack.unpack(table.remove(args))
  local erased_us = erased.reader(keys[#keys - 1], keys[#keys])
  local stale = open_request(keys, args, false)
  if stale then return stale end
  local results, entries, entry_at = {}, args[3], 1
  while entry_at <= #entries do
    local policy_at, key_at, cost, admitted_us, _, subject, next_at = struct.unpack(ENTRY, entries, entry_at)
    local at = #results + 1
    if admitted_us <= erased_us(subject, hashes[at]) then
      results[at] = ERASED
    else
      local is_done, result = pcall(restore.one, at, policy_at, key_at, cost, admitted_us, subject)
      results[at] = is_done and result or tostring(type(result) == 'table' and result.err or result)
    end
    entry_at = next_at
  end
  return results
end)
