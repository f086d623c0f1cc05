-- Registers a function of this version of the library. Names in Redis are global, so each contains the version.
local function register(name, body, flags)
  redis.register_function({
    function_name = 'quota_' .. name .. '_' .. VERSION,
    callback = body,
    flags = flags or {},
  })
end

-- A function that writes nothing still runs if Redis has no memory left.
local READS_ONLY = { 'no-writes' }
