-- Gives back what an admitted request took, and remembers it as refunded.
--
-- One function, because the takings, the states of the limits, the memory of the request and the log must change
-- together, or not at all. Everything is read before anything is given back; reading may write, as in `admit`.
--
-- KEYS, ARGV as for `admit`, of one entry, whose cost and deadline are ignored
--
-- Returns    now in microseconds; 1 if it was given back, 0 if it had been before, -1 if it was not admitted, or is no
--            longer remembered; if it is known, its cost, 1 if a limit that may deny had nothing remaining and has now, and the
--            numbers of limits.describe
--
-- Errors     STALECLAIM if the store is another one than the caller knows; then nothing was given back

local refund = {}

refund.GIVEN_BACK, refund.AGAIN, refund.UNKNOWN = 1, 0, -1

-- How many limits that may deny have nothing remaining. One of size 0 never has, so it changes no comparison.
function refund.count_empty(loaded)
  local count = 0
  for _, limit in ipairs(loaded) do
    local is_empty = not limit.is_shadow and limit.algorithm.describe(limit, request.clock.now_us) == 0
    if is_empty then count = count + 1 end
  end
  return count
end

-- What the log says of a refund: the cost, and when it was taken.
function refund.append(policy_at, taken_us)
  local told = '-' .. to_text(request.cost) .. '@' .. to_text(taken_us)
  log.append(request.keys[LOGS_BEFORE + policy_at], request.clock, { request.subject, told })
end

-- Gives back what was found, and returns the new state of the limits.
function refund.give_back(loaded, found, policy_at)
  local taken_us = math.abs(tonumber(found))
  request.cost = takings.cost_of(request.takings, request.id, found)
  for _, limit in ipairs(loaded) do
    limit.algorithm.refund(limit, request, taken_us)
  end
  takings.refund(request.takings, request.id, request.cost, taken_us)
  refund.append(policy_at, taken_us)
  takings.open(request.takings, request.keys[request.key_at], request)
  return limits.load(request)
end

function refund.one(entry)
  local policy_at, key_at, _, _, _, subject = struct.unpack(ENTRY, entry)
  request.policy, request.key_at, request.takings = request.policies[policy_at], key_at, request.view
  request.id, request.subject, request.cost = request.ids, subject, 0
  takings.open(request.view, request.keys[key_at], request)
  local found = takings.find(request.view, request.id)
  if not found then return { request.clock.now_us, refund.UNKNOWN } end
  local loaded, is_again = limits.load(request), takings.is_refunded(found)
  local empty_before = refund.count_empty(loaded)
  if not is_again then loaded = refund.give_back(loaded, found, policy_at) end
  local frees = refund.count_empty(loaded) < empty_before
  local verdict = is_again and refund.AGAIN or refund.GIVEN_BACK
  local values = { request.clock.now_us, verdict, request.cost, frees and 1 or 0 }
  limits.describe(loaded, request.clock.now_us, values, #values)
  return values
end

register('refund', function(keys, args)
  local stale = open_request(keys, args, false)
  if stale then return stale end
  return refund.one(args[3])
end)
