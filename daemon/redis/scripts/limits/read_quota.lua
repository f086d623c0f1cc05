-- Reads the state of a subject's limits under a policy. Takes nothing.
--
-- One function, because all limits are reported for the same moment.
--
-- KEYS[1]   the overrides
-- KEYS[2]   the takings of the subject; then the states of those limits that have one
--
-- ARGV[1]   the subject
-- ARGV[2]   the policy, as `policies.read` takes it
--
-- Returns   numbers as in limits.describe
register('read_quota', function(keys, args)
  local clock = read_clock()
  local request = {
    keys = keys,
    overrides_key = keys[1],
    has_overrides = true,
    is_read_only = true,
    clock = clock,
    subject = args[1],
    policy = policies.read(args[2]),
    key_at = 2,
    takings = takings.new_view(),
  }
  takings.open(request.takings, keys[2], request)
  local values = {}
  limits.describe(limits.load(request), clock.now_us, values, 0)
  return values
end, READS_ONLY)
