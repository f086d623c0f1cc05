-- Records one call of a service, once for each request id.
--
-- One script, because the memory of the request id and the counts must change together, or not at all.
--
-- KEYS[1]  the memory of this request id
-- KEYS[2]  the log of calls
-- KEYS[3]  calls by subject
-- KEYS[4]  calls by service
--
-- ARGV[1]  subject
-- ARGV[2]  service
-- ARGV[3]  when the call was made, in milliseconds; empty means now
-- ARGV[4]  how long the request id is remembered, in milliseconds; 0 where there is none
-- ARGV[5]  how long the log is kept, in milliseconds
--
-- Returns  1 recorded, 0 recorded before, -1 the request id was remembered with another service

local subject, service, call_ms, remember_ms, keep_ms = unpack(ARGV)

if tonumber(remember_ms) > 0 then
  local remembered = redis.call('GET', KEYS[1])
  if remembered then return remembered == service and 0 or -1 end
  redis.call('SET', KEYS[1], service, 'PX', remember_ms)
end

local now_ms = math.floor(read_clock_us() / 1000)
-- A caller's clock may be ahead; no call is made in the future.
local made_ms = math.min(tonumber(call_ms) or now_ms, now_ms)

redis.call('XADD', KEYS[2], '*', 'subject', subject, 'service', service, 'call_ms', string.format('%.0f', made_ms))
redis.call('XTRIM', KEYS[2], 'MINID', '~', string.format('%.0f', now_ms - keep_ms))
redis.call('ZINCRBY', KEYS[3], 1, subject)
redis.call('ZINCRBY', KEYS[4], 1, service)
return 1
