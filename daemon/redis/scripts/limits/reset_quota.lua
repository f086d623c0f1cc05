-- Gives back what a subject has taken from policies. Its requests stay remembered, so that a repeat takes nothing.
--
-- One function, because the limits of a policy are reset together.
--
-- KEYS      of each policy: the takings of the subject; then the states of those limits that have one
--
-- ARGV      the policies, each as `policies.read` takes it
--
-- Returns   how many limits had something to give back

-- Resets one policy, whose keys begin at `key_at`. Returns how many of its limits had something to give back, and the
-- index of the next policy's keys.
local function reset_policy(keys, key_at, policy)
  local clock, count, state_at = read_clock(), 0, key_at
  local view = takings.new_view()
  takings.open(view, keys[key_at], { clock = clock, is_read_only = false })
  local longest_us = 0
  for _, limit in ipairs(policy.limits) do
    local taken = 0
    if limit.has_state then
      state_at = state_at + 1
      taken = redis.call('DEL', keys[state_at])
    end
    -- A bucket that recently took over from a window counts what the window let through.
    if not limit.is_shadow and (limit.algorithm.keeps_tokens or limit.converted_us > 0) then
      taken = taken + takings.count_within(view, limit.window_us)
      longest_us = math.max(longest_us, limit.window_us)
    end
    if taken > 0 then count = count + 1 end
  end
  if longest_us > 0 then takings.give_back(view, longest_us) end
  return count, state_at + 1
end

register('reset_quota', function(keys, args)
  local count, key_at = 0, 1
  for _, text in ipairs(args) do
    local of_policy, next_key_at = reset_policy(keys, key_at, policies.read(text))
    count, key_at = count + of_policy, next_key_at
  end
  return count
end)
