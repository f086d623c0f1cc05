-- Reads the last users to connect, the users with the most connections in a window, and how many one subject has there.
--
-- One script, because the counts are exact only at the moment up to which the window was moved.
--
-- KEYS[1]  the log of connections
-- KEYS[2]  the last users
-- KEYS[3]  the window's counts
-- KEYS[4]  the window's progress
--
-- ARGV[1]  the window's length, in milliseconds
-- ARGV[2]  how long the window's counts are kept from now, in milliseconds
-- ARGV[3]  how many log entries this call may move the window by
-- ARGV[4]  how many of the last users to list
-- ARGV[5]  how many of the most connected users to list
-- ARGV[6]  the subject whose own connections to tell; empty means nobody's
--
-- Returns  { 0 } where the window has not caught up yet: call again; or
--          { 1, now in milliseconds, { subject, connect time in microseconds, ... }, { subject, count, ... },
--          the subject's own count, 0 for nobody }

local length_ms, keep_ms, budget, recent_count, top_count, subject = unpack(ARGV)

-- A count of 0 would turn the last rank into -1, which means all of them.
local function first(key, count)
  if tonumber(count) == 0 then return {} end
  return redis.call('ZRANGE', key, 0, count - 1, 'REV', 'WITHSCORES')
end

local now_ms = math.floor(read_clock_us() / 1000)
local window = { log = KEYS[1], counts = KEYS[3], progress = KEYS[4], length_ms = length_ms, keep_ms = keep_ms }
local caught_up = advance(window, now_ms, tonumber(budget))
if not caught_up then return { 0 } end
local own = subject ~= '' and redis.call('ZSCORE', window.counts, subject)
return { 1, now_ms, first(KEYS[2], recent_count), first(window.counts, top_count), tonumber(own or 0) }
