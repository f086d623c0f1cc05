-- Policies as daemons send them with each call. A parsed policy is cached by its text while the library is loaded, so
-- that each is parsed once.

local policies = {}

local MOST_REMEMBERED = 1000
local remembered, remembered_count = {}, 0

-- A limit holds its configuration and, after `limits.load`, its state for the current subject.
local function read_limit(sent)
  local name, algorithm_name, size, window_us, is_shadow, converted_us = unpack(sent)
  local algorithm = algorithms.named(algorithm_name)
  local limit = {
    name = name,
    algorithm = algorithm,
    configured_size = size,
    window_us = window_us,
    is_shadow = is_shadow == 1,
    -- When this algorithm took over from another one; 0 if never or long ago.
    converted_us = converted_us,
    -- An enforced sliding window counts the takings of the policy, and has no state of its own; but it may have to look
    -- for the state of the bucket that it replaced.
    has_state = is_shadow == 1 or not algorithm.keeps_tokens or converted_us > 0,
    -- For one subject:
    key = false,
    size = size,
    is_overridden = false,
    override_end_us = false,
    is_shadow_denied = false,
  }
  limit.algorithm.prepare(limit)
  return limit
end

-- Reads a policy: msgpack of { name, retain in microseconds, is counted, limits }.
--   is counted: 1 if an enforced sliding window counts the takings, so that each token is a member
--   limit:      { name, algorithm, size, window in microseconds, 1 for a shadow, when its algorithm changed or 0 }
function policies.read(text)
  local policy = remembered[text]
  if policy then return policy end
  local name, retain_us, is_counted, limits = unpack(cmsgpack.unpack(text))
  policy = { name = name, retain_us = retain_us, is_counted = is_counted == 1, limits = {} }
  for i, limit in ipairs(limits) do
    policy.limits[i] = read_limit(limit)
  end
  if remembered_count >= MOST_REMEMBERED then
    remembered, remembered_count = {}, 0
  end
  remembered[text], remembered_count = policy, remembered_count + 1
  return policy
end
