-- What a subject has taken from a policy: a sorted set with one member for each token, scored by the microsecond of
-- its taking. The members are the ids of the requests, so the set is the memory of those too:
--
--   ID            the first token of a request: the 16 bytes of its UUID
--   ID..be32(n)   its n-th token, for each n from 2 to its cost; in a set that no limit counts, the last one only
--
-- A token that was taken from a bucket before a window took over from it is named `token..MICROSECOND..be32(n)`.
-- A token that an operator gave back has a negative score: its request is remembered, and no window counts it. So has
-- a request that no limit of its policy counted, even if a later version of the policy has one that would.
--
-- A view asks for single facts of a set, so that the work does not grow with the set. Reading it whole would cost more
-- even for ten members, as a score is dear to read.

local takings = {}

local ID_LENGTH = 16

-- Old members that one call removes. If there are more, the next call goes on.
local PURGED_PER_CALL = 1000

-- Members that one call dates anew after the clock has gone back.
local REDATED_PER_CALL = 1000

-- Ids that are listed with a denial.
local MOST_LISTED = 64

-- What a set holds at most if nothing else bounds it: the ids of a policy whose limits are all shadows.
local MOST_MEMBERS = 100000

-- Makes a table for views of sets, one after the other: making one anew for each entry would cost as much as reading.
function takings.new_view()
  return { key = false, clock = false, is_read_only = false, newest = false, added = 0, read_n = 0, read_us = 0 }
end

-- Turns a view to a set. Nothing is read before it is needed.
function takings.open(view, key, request)
  view.key, view.clock, view.is_read_only = key, request.clock, request.is_read_only
  view.newest, view.added, view.read_n = false, 0, 0
end

-- Dates takings from the future now: the clock has gone back since. Nothing comes back early, and nothing is out
-- for longer than one window from now.
local function redate(key, now_text)
  local ahead = redis.call('ZRANGE', key, '(' .. now_text, '+inf', 'BYSCORE', 'LIMIT', 0, REDATED_PER_CALL)
  local moved = {}
  for i, member in ipairs(ahead) do
    moved[2 * i - 1] = now_text
    moved[2 * i] = member
  end
  redis.call('ZADD', key, unpack(moved))
end

-- When the newest token that was in the set was taken; 0 or less if none of them counts.
local function read_newest_us(view)
  if view.newest then return view.newest end
  local now_us = view.clock.now_us
  local score = redis.call('ZRANGE', view.key, '-1', '-1', 'WITHSCORES')[2]
  local newest_us = tonumber(score or 0)
  if newest_us > now_us then
    if not view.is_read_only then redate(view.key, view.clock.now_text) end
    newest_us = now_us
  end
  view.newest = newest_us
  return newest_us
end

-- Dates anew what a set holds from the future, if anything.
function takings.catch_up(view)
  read_newest_us(view)
end

-- The moment of the request in the set, as the text of its score; false if it is not there.
function takings.find(view, id)
  return redis.call('ZSCORE', view.key, id)
end

-- The tokens taken in a window that ends now, but for those that were given back.
function takings.count_within(view, window_us)
  return redis.call('ZCOUNT', view.key, window_start(view.clock, window_us), '+inf') + view.added
end

-- When the n-th newest of the tokens that count was taken.
function takings.newest_us(view, n)
  if n <= view.added then return view.clock.now_us end
  local from_end = n - view.added
  if from_end == 1 and view.added == 0 then return read_newest_us(view) end
  if from_end ~= view.read_n then
    -- What a call that only reads has added is not in the set.
    local rank = small_to_text(view.is_read_only and -from_end or -n)
    local score = redis.call('ZRANGE', view.key, rank, rank, 'WITHSCORES')[2]
    -- One from the future counts as taken now.
    view.read_n, view.read_us = from_end, math.min(tonumber(score), view.clock.now_us)
  end
  return view.read_us
end

-- The cost of the request that was found.
function takings.found_cost(view, id, found)
  local cost = 1
  for _, member in ipairs(redis.call('ZRANGE', view.key, found, found, 'BYSCORE')) do
    if #member > ID_LENGTH and string.sub(member, 1, ID_LENGTH) == id then
      local token = struct.unpack('>I4', member, ID_LENGTH + 1)
      cost = math.max(cost, token)
    end
  end
  return cost
end

-- Appends the ids that a set holds to a list, and returns how many; -1 if it holds too many.
function takings.append_ids(view, ids)
  local members = redis.call('ZRANGE', view.key, -MOST_LISTED - 1, -1)
  if #members > MOST_LISTED then return -1 end
  local count = 0
  for _, member in ipairs(members) do
    if #member == ID_LENGTH then
      ids[#ids + 1] = member
      count = count + 1
    end
  end
  return count
end

-- Adds a request. `is_counted`: each token is a member; otherwise the request is only remembered.
function takings.take(view, id, cost, is_counted)
  local score = is_counted and view.clock.now_text or '-' .. view.clock.now_text
  if cost == 1 then
    redis.call('ZADD', view.key, score, id)
  else
    local added = { score, id }
    for token = is_counted and 2 or cost, cost do
      added[#added + 1] = score
      added[#added + 1] = id .. struct.pack('>I4', token)
    end
    redis.call('ZADD', view.key, unpack(added))
  end
  view.added = view.added + cost
end

-- Adds tokens that no request is known of: those from the one after `taken` to the last of `missing`.
function takings.add_unnamed(view, taken, missing)
  if view.is_read_only then
    view.added = view.added + math.max(0, missing - taken)
    return
  end
  local now_text = view.clock.now_text
  for token = taken + 1, missing do
    redis.call('ZADD', view.key, now_text, 'token' .. now_text .. struct.pack('>I4', token))
  end
  view.newest = false
end

-- Removes a bounded number of members from before a moment; true if none of them is left.
local function purge(key, before_us)
  local before = to_text(before_us)
  -- Those that were given back have the same distance from zero.
  local old = redis.call('ZRANGE', key, '-' .. before, before, 'BYSCORE', 'LIMIT', 0, PURGED_PER_CALL)
  if #old > 0 then redis.call('ZREM', key, unpack(old)) end
  local excess = redis.call('ZCARD', key) - MOST_MEMBERS
  -- Nothing counts those of negative score; the oldest of them are nearest to zero.
  local uncounted = excess > 0 and redis.call('ZCOUNT', key, '-inf', '0') or 0
  if uncounted > 0 then
    redis.call('ZREMRANGEBYRANK', key, math.max(0, uncounted - math.min(excess, PURGED_PER_CALL)), uncounted - 1)
  end
  return #old < PURGED_PER_CALL and math.min(excess, uncounted) <= PURGED_PER_CALL
end

-- Keeps the set for `retain_us` after its newest member. If it would go earlier, what is older goes now, and the rest
-- stays for a quarter longer than it must, so that most calls find it late enough and write nothing.
function takings.keep(view, retain_us)
  local now_us = view.clock.now_us
  local newest_us = view.added > 0 and now_us or read_newest_us(view)
  if newest_us <= 0 then return end
  local needed_ms = math.ceil((newest_us + retain_us - now_us) / 1000)
  local left_ms = redis.call('PTTL', view.key)
  if left_ms >= needed_ms then return end
  local is_new = left_ms < 0
  local is_purged = is_new or purge(view.key, now_us - retain_us)
  redis.call('PEXPIRE', view.key, to_text(needed_ms + (is_purged and math.ceil(needed_ms / 4) or 0)))
end

-- Gives back all tokens taken in a window that ends now; their requests stay remembered.
function takings.give_back(view, window_us)
  local start = window_start(view.clock, window_us)
  local taken = redis.call('ZRANGE', view.key, start, '+inf', 'BYSCORE', 'WITHSCORES')
  for i = 1, #taken, 2 do
    redis.call('ZADD', view.key, '-' .. taken[i + 1], taken[i])
  end
end

-- What sliding windows had let through when an algorithm with a hash took over, in whole tokens: they count as taken now.
function takings.count_before(limit, request)
  local key = request.keys[request.key_at]
  return redis.call('ZCOUNT', key, window_start(request.clock, limit.window_us), to_text(limit.converted_us))
end
