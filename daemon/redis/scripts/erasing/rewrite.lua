-- Rewrites a log without a subject: copies it in short steps, and replaces it with the copy at the end. An entry that is
-- only marked as deleted would still hold the name.
--
-- KEYS[1]  the log: a stream whose entries are pairs; the subject may be the first of a pair KEYS[2]  its copy, so far
-- KEYS[3]  the lease of the erasures KEYS[4]  the state of the statistics, if they are computed from this log
--
-- ARGV[1]  msgpack: { daemon, lease_ms, subject, budget: how many pairs to copy, about,
--            cutoff: the last entry that the subject must go from, or before_us: the last moment of a denial,
--            policy: the log's name in the state }
--
-- Returns  1 rewritten, 0 more to do, -1 the caller has no lease: another daemon continues; and how long it took, in
--          microseconds

local DONE, MORE, LOST = 1, 0, -1

-- Entries read at a time: each may hold 128 pairs, which are read before they can be counted.
local LARGEST_CHUNK = 8

-- Entries that may be left to fold when the copy takes the log's place: they are read to be counted.
local MOST_UNFOLDED = 16

-- An abandoned copy expires.
local COPY_KEPT_MS = 60 * 60 * 1000

local function is_due(entry, request)
  if request.cutoff then return not entries.is_before(request.cutoff, entry[1]) end
  return tonumber(entry[2][4]) <= request.before_us
end

-- The pairs of an entry without the subject's; nil if no pair with a name is left.
local function pairs_left(entry, request)
  local fields = entry[2]
  if not is_due(entry, request) then return fields end
  local left, has_name = {}, false
  for i = 1, #fields, 2 do
    if fields[i] ~= request.subject then
      left[#left + 1], left[#left + 2] = fields[i], fields[i + 1]
      has_name = has_name or fields[i] ~= ''
    end
  end
  return has_name and left or nil
end

-- Makes the next entry of a stream exceed an id.
local function advance(key, id)
  redis.call('XADD', key, id, '', '')
  redis.call('XDEL', key, id)
end

local function copy(keys, request)
  local from, last, is_last_copied = '-', nil, true
  if redis.call('EXISTS', keys[2]) == 1 then from = '(' .. erasing.generated_id(keys[2]) end
  local _, is_end = entries.walk({
    command = 'XRANGE', key = keys[1], from = from, to = '+', budget = request.budget,
    largest_chunk = LARGEST_CHUNK,
    visit = function(entry)
      local left = pairs_left(entry, request)
      if left then redis.call('XADD', keys[2], entry[1], unpack(left)) end
      last, is_last_copied = entry[1], left ~= nil
      return true
    end,
  })
  -- So that the next step continues after what was left out.
  if last and not is_last_copied then advance(keys[2], last) end
  return is_end
end

-- What was trimmed from the log since it was copied is removed from the copy too.
local function follow_trimming(keys)
  local first = redis.call('XRANGE', keys[1], '-', '+', 'COUNT', '1')[1]
  if first then
    redis.call('XTRIM', keys[2], 'MINID', '=', first[1])
  else
    redis.call('XTRIM', keys[2], 'MAXLEN', '=', '0')
  end
end

-- How many entries of the copy are folded; nil if folding must first catch up.
local function folded_count(keys, request)
  local folded = redis.call('HGET', keys[4], 'folded:' .. request.policy)
  local is_folding = redis.call('HEXISTS', keys[4], 'log:' .. request.policy) == 1
  if is_folding and request.cutoff and (not folded or entries.is_before(folded, request.cutoff)) then return nil end
  if not folded then return 0 end
  local tail = redis.call('XRANGE', keys[2], '(' .. folded, '+', 'COUNT', to_text(MOST_UNFOLDED))
  if #tail == MOST_UNFOLDED then return nil end
  return redis.call('XLEN', keys[2]) - #tail
end

local function put_in_place(keys)
  local last, left_ms = erasing.generated_id(keys[1]), redis.call('PTTL', keys[1])
  if entries.is_before(erasing.generated_id(keys[2]), last) then advance(keys[2], last) end
  redis.call('UNLINK', keys[1])
  redis.call('RENAME', keys[2], keys[1])
  if left_ms > 0 then redis.call('PEXPIRE', keys[1], to_text(left_ms)) else redis.call('PERSIST', keys[1]) end
end

local function rewrite(keys, request)
  if not erasing.holds_lease(keys[3], request.daemon, request.lease_ms) then return LOST end
  if redis.call('EXISTS', keys[1]) == 0 then
    redis.call('UNLINK', keys[2])
    return DONE
  end
  local is_end = copy(keys, request)
  if redis.call('EXISTS', keys[2]) == 0 then return is_end and DONE or MORE end
  redis.call('PEXPIRE', keys[2], to_text(COPY_KEPT_MS))
  follow_trimming(keys)
  if not is_end then return MORE end
  if keys[4] then
    local count = folded_count(keys, request)
    if not count then return MORE end
    redis.call('HSET', keys[4], 'kept:' .. request.policy, to_text(count))
  end
  put_in_place(keys)
  return DONE
end

-- Newer versions hold the clock of `TIME` while a function runs, and have that of the processor instead.
local function used_us()
  local has_clock, clock_s = pcall(function() return os.clock() end)
  return has_clock and clock_s * 1000000 or read_clock_us()
end

register('rewrite_log', function(keys, args)
  local started_us = used_us()
  local result = rewrite(keys, cmsgpack.unpack(args[1]))
  return { result, math.floor(used_us() - started_us) }
end)
