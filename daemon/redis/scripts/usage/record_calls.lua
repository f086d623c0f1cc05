-- Records calls of services, each once for its request id. Each entry reads everything before it writes, so an error in
-- it changes nothing and affects no other entry. Entries of one subject see each other, in order.
--
-- One function, because the memory of the request ids and the counts must change together, or not at all.
--
-- KEYS[1]    control
-- KEYS[2]    the log of calls
-- KEYS[3]    calls by subject
-- KEYS[4]    calls by service
-- KEYS[5..]  for each entry the request ids of its subject: a sorted set, by the millisecond of the call
--
-- ARGV[1]  msgpack: { claim, entries: { { subject, service, call time in milliseconds or -1 for now, has id, deadline in
--            microseconds or 0 }, ... }, remember_ms, keep_log_ms, log_bytes: how many bytes the log may take }
-- ARGV[2]  the request ids, 16 bytes for each entry
--
-- Returns  now in microseconds; then for each entry 1 recorded, 0 recorded before, -1 the id was used for another service,
--          -2 its deadline has passed and nothing was recorded, or what is wrong
--
-- Errors   STALECLAIM if the store is another one than the caller knows; then nothing was recorded

local record = {}

local RECORDED, REPEATED, REUSED, LATE = 1, 0, -1, -2

-- The most ids that one entry forgets: more than it adds, so that old ones all go.
local FORGOTTEN = 8

-- When the id was used, and for which service. A member is the id and the service.
local function find(call, key, id)
  local members = {}
  for i, service in ipairs(call.services) do members[i] = id .. service end
  if #members == 0 then return nil end
  for i, score in ipairs(redis.call('ZMSCORE', key, unpack(members))) do
    local at_ms = tonumber(score or 0)
    if score and call.now_ms - at_ms < call.remember_ms then return call.services[i], at_ms end
  end
end

local function remember(call, key, member)
  local oldest_ms = to_text(call.now_ms - call.remember_ms)
  local old = redis.call('ZRANGE', key, '-inf', oldest_ms, 'BYSCORE', 'LIMIT', '0', to_text(FORGOTTEN))
  if #old > 0 then redis.call('ZREM', key, unpack(old)) end
  redis.call('ZADD', key, to_text(call.now_ms), member)
  keep_for(key, call.remember_ms * 1000)
end

local function add_service(call, service)
  if call.by_service[service] then return end
  call.by_service[service] = 0
  call.services[#call.services + 1] = service
end

function record.one(call, key, id, entry)
  local subject, service, call_ms, has_id, deadline_us = unpack(entry)
  if deadline_us > 0 and call.now_us > deadline_us then return LATE end
  if has_id == 1 then
    local found, at_ms = find(call, key, id)
    if found then
      -- An id from before the clock went back would be remembered for too long.
      if at_ms > call.now_ms then redis.call('ZADD', key, to_text(call.now_ms), id .. found) end
      return found == service and REPEATED or REUSED
    end
    remember(call, key, id .. service)
  end
  add_service(call, service)
  call.by_service[service] = call.by_service[service] + 1
  call.by_subject[subject] = (call.by_subject[subject] or 0) + 1
  -- A caller's clock may be ahead; a future time counts as now.
  local made_ms = call_ms < 0 and call.now_ms or math.min(call_ms, call.now_ms)
  call.logged[#call.logged + 1] = subject
  call.logged[#call.logged + 1] = service .. ' ' .. to_text(made_ms)
  return RECORDED
end

-- Appends what was recorded. If the log cannot be written, the calls are still recorded.
function record.log(call, key, request)
  redis.pcall('XADD', key, '*', unpack(call.logged))
  local bytes = redis.pcall('MEMORY', 'USAGE', key)
  if type(bytes) == 'number' and bytes > request.log_bytes then
    local length = redis.pcall('XLEN', key)
    redis.pcall('XTRIM', key, 'MAXLEN', '~', to_text(math.floor(length * 0.9 * request.log_bytes / bytes)))
  end
  redis.pcall('XTRIM', key, 'MINID', '~', to_text(call.now_ms - request.keep_log_ms))
  redis.pcall('PEXPIRE', key, to_text(request.keep_log_ms))
end

register('record_calls', function(keys, args)
  local request = cmsgpack.unpack(args[1])
  local stale = control.check(redis.call('HGET', keys[1], 'claim'), request.claim)
  if stale then return stale end
  local now_us = read_clock_us()
  local call = {
    now_us = now_us, now_ms = math.floor(now_us / 1000), remember_ms = request.remember_ms,
    services = redis.call('ZRANGE', keys[4], '0', '-1'), by_service = {}, by_subject = {}, logged = {},
  }
  for _, service in ipairs(call.services) do call.by_service[service] = 0 end
  redis.call('ZCARD', keys[3]) -- before anything is written: it must be what it should be
  local results = { now_us }
  for i, entry in ipairs(request.entries) do
    local is_done, result = pcall(record.one, call, keys[4 + i], string.sub(args[2], i * 16 - 15, i * 16), entry)
    results[i + 1] = is_done and result or tostring(type(result) == 'table' and result.err or result)
  end
  for subject, count in pairs(call.by_subject) do redis.call('ZINCRBY', keys[3], to_text(count), subject) end
  for service, count in pairs(call.by_service) do
    if count > 0 then redis.call('ZINCRBY', keys[4], to_text(count), service) end
  end
  if #call.logged > 0 then record.log(call, keys[2], request) end
  return results
end)
