-- The algorithms of limits. Each is a table of these functions:
--
--   prepare(limit)                        adds what all subjects share
--   load(limit, request)                  reads the state of request.subject, and throws if it cannot be read
--   retry_delay_us(limit, cost, now_us)   until `cost` tokens are free; only for a cost of at most the size
--   describe(limit, now_us)               returns the tokens that can be taken now, the delay until all of the limit is
--                                         free, and the delay until one more than now is free, or 0 if all is free
--   take(limit, request)                  takes request.cost tokens
--   restore(limit, request, at_us)        takes request.cost tokens at a moment that has passed
--   keep(limit)                           makes the state last for as long as it matters
--   refund(limit, request, taken_us)      gives back request.cost tokens that were taken then, from what the limit keeps
--                                         besides the takings of the policy
--
-- `limit` is a limit of a policy; an algorithm stores in it what it reads: one table serves all subjects in turn, as
-- creating one for each would cost as much as the decision.
--
-- `request` holds the clock, keys, overrides_key, has_overrides and is_read_only; and id, subject, cost, policy, key_at
-- (the index of its first state key, less one) and takings (a view of them).
--
-- A state that is a hash has the fields `debt`, in `units_per_token`, and `at_us`: then an algorithm that takes over from
-- another continues with the debt.
--
-- The daemon declares the algorithms that it knows in DECLARED_ALGORITHMS, by name, each with two more members:
--
--   keeps_tokens   whether each token is a member of a sorted set; otherwise the state is a hash
--   largest_size   the largest size of a limit; false if there is none. An override may have been set for another
--                  algorithm
--
-- All of this is checked when a daemon claims the store, so that no daemon starts with half an algorithm: while a library
-- is loaded, Redis offers no function that throws.

local algorithms = {}

local MEMBERS = { 'prepare', 'load', 'retry_delay_us', 'describe', 'take', 'restore', 'keep', 'refund' }
local added = {}

function algorithms.add(name, algorithm)
  local declared = DECLARED_ALGORITHMS[name]
  added[name] = algorithm
  if declared then
    algorithm.keeps_tokens, algorithm.largest_size = declared.keeps_tokens, declared.largest_size
  end
end

function algorithms.named(name)
  return added[name]
end

-- Throws unless the tables are the ones that the daemon declares, and are complete.
function algorithms.check()
  for name in pairs(DECLARED_ALGORITHMS) do
    if not added[name] then error('algorithm ' .. name .. ' has no table in Lua', 0) end
  end
  for name, algorithm in pairs(added) do
    if not DECLARED_ALGORITHMS[name] then error('algorithm ' .. name .. ' is not declared by the daemon', 0) end
    for _, member in ipairs(MEMBERS) do
      if type(algorithm[member]) ~= 'function' then error('algorithm ' .. name .. ' lacks ' .. member, 0) end
    end
  end
end
