-- Tells where a subject stands with a policy. Takes nothing.
--
-- One script, because the limits are told as they stand at one moment.
--
-- KEYS[1]       the overrides that operators have set
-- KEYS[2..n+1]  the state of each of the n limits
--
-- ARGV[1]  subject
-- ARGV[2]  policy
-- ARGV[3]  n, the number of limits; for each of them follow
--          name, algorithm, size, window in microseconds, 1 for a shadow limit
--
-- Returns  { { what describe_limits says }, { what next_delays_us says } }

local limits, now_us = load_limits({
  count = tonumber(ARGV[3]),
  first_key = 2,
  first_argument = 4,
  overrides_key = KEYS[1],
  policy = ARGV[2],
  subject = ARGV[1],
  clock_us = read_clock_us(),
})
return { describe_limits(limits, now_us), next_delays_us(limits, now_us) }
