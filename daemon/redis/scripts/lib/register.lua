-- Registers a function of this version of the library. Redis's names are global, so each bears the version.
local function register(name, body, flags)
  redis.register_function({
    function_name = 'quota_' .. name .. '_' .. VERSION,
    callback = body,
    flags = flags or {},
  })
end

-- A function that writes nothing is still run if Redis has no memory left.
local READS_ONLY = { 'no-writes' }
