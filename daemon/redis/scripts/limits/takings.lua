-- What a subject has taken from a policy: a sorted set with one member for each token, scored by the microsecond of its
-- taking. The members are the ids of the requests, so the set also remembers those:
--
--   ID            the first token of a request: the 16 bytes of its UUID
--   ID..be32(n)   its n-th token, for each n from 2 to its cost; in a set that no limit counts, the last one only
--
-- A token that was taken from a bucket before a window took over from it is named `token..MICROSECOND..be32(n)`.
-- A token that an operator gave back has a negative score: its request is remembered, and no window counts it. So has
-- a request that no limit of its policy counted, even if a later version of the policy has one that would.
-- A request that was refunded keeps its first member alone, with a negative score that is half a microsecond later.
--
-- A view reads single facts of a set, so that the work does not grow with the set. Reading the whole set would cost more
-- even for ten members, as scores are expensive to read.

local takings = {}

local ID_LENGTH = 16
local TOKEN_LENGTH = ID_LENGTH + 4

-- The most tokens of one request that a set counts: the largest size of a window.
local MOST_TOKENS = 1000

-- The most old members that one call removes; the next call continues.
local PURGED_PER_CALL = 1000

-- The most members that one call redates after the clock has gone back.
local REDATED_PER_CALL = 1000

-- The most ids that are listed with a denial.
local MOST_LISTED = 64

-- The most members of a set whose ids exceed what the limits let through: they are all shadows, or a request was refunded,
-- reset, overridden or admitted without the store. Then the oldest ids are forgotten early.
local MOST_MEMBERS = 100000

-- Makes a reusable table for views of sets: creating one for each entry would cost as much as reading.
function takings.new_view()
  return { key = false, clock = false, is_read_only = false, newest = false, added = 0, read_n = 0, read_us = 0 }
end

-- Points a view at a set. Reads lazily.
function takings.open(view, key, request)
  view.key, view.clock, view.is_read_only = key, request.clock, request.is_read_only
  view.newest, view.added, view.read_n = false, 0, 0
end

-- Redates takings in the future to now: the clock has gone back since. Nothing comes back early, and nothing is taken for
-- longer than one window from now.
local function redate(key, now_text)
  local ahead = redis.call('ZRANGE', key, '(' .. now_text, '+inf', 'BYSCORE', 'LIMIT', 0, REDATED_PER_CALL)
  local moved = {}
  for i, member in ipairs(ahead) do
    moved[2 * i - 1] = now_text
    moved[2 * i] = member
  end
  redis.call('ZADD', key, unpack(moved))
end

-- When the newest token in the set was taken; 0 or less if none counts.
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

-- Redates members of a set that are in the future.
function takings.catch_up(view)
  read_newest_us(view)
end

-- The time of the request in the set, as the text of its score; false if absent.
function takings.find(view, id)
  return redis.call('ZSCORE', view.key, id)
end

-- Whether the found request was refunded.
function takings.is_refunded(found)
  return tonumber(found) % 1 ~= 0
end

-- The tokens taken in a window that ends now, without those given back.
function takings.count_within(view, window_us)
  return redis.call('ZCOUNT', view.key, window_start(view.clock, window_us), '+inf') + view.added
end

-- When the n-th newest counting token was taken.
function takings.newest_us(view, n)
  if n <= view.added then return view.clock.now_us end
  local from_end = n - view.added
  if from_end == 1 and view.added == 0 then return read_newest_us(view) end
  if from_end ~= view.read_n then
    -- Additions of a read-only call are not in the set.
    local rank = small_to_text(view.is_read_only and -from_end or -n)
    local score = redis.call('ZRANGE', view.key, rank, rank, 'WITHSCORES')[2]
    -- A time in the future counts as now.
    view.read_n, view.read_us = from_end, math.min(tonumber(score), view.clock.now_us)
  end
  return view.read_us
end

-- Whether the found request has this cost. Its tokens may have different times: they may have been redated in two steps.
function takings.has_cost(view, id, found, cost)
  if cost > 1 then
    local tokens = { id .. struct.pack('>I4', cost), id .. struct.pack('>I4', cost + 1) }
    local last, further = unpack(redis.call('ZMSCORE', view.key, unpack(tokens)))
    return last and not further
  end
  -- If no limit counts the set, only the last token is stored besides the id, and its number is unknown.
  for _, member in ipairs(redis.call('ZRANGE', view.key, found, found, 'BYSCORE')) do
    if #member > ID_LENGTH and string.sub(member, 1, ID_LENGTH) == id then return false end
  end
  return true
end

-- The cost of the found request. Its last token has the same time, unless they were redated in two steps.
function takings.cost_of(view, id, found)
  local cost = 1
  for _, member in ipairs(redis.call('ZRANGE', view.key, found, found, 'BYSCORE')) do
    if #member == TOKEN_LENGTH and string.sub(member, 1, ID_LENGTH) == id then
      cost = math.max(cost, (struct.unpack('>I4', member, ID_LENGTH + 1)))
    end
  end
  for token = cost + 1, MOST_TOKENS do
    if not redis.call('ZSCORE', view.key, id .. struct.pack('>I4', token)) then return token - 1 end
  end
  return cost
end

-- Removes the tokens of a request except the first. A set that no limit counts has only the last one.
local function remove_tokens(key, id, cost)
  if cost == 1 then return end
  local tokens = { id .. struct.pack('>I4', cost) }
  if redis.call('ZSCORE', key, id .. struct.pack('>I4', 2)) then
    for token = 2, math.min(cost - 1, MOST_TOKENS) do
      tokens[#tokens + 1] = id .. struct.pack('>I4', token)
    end
  end
  redis.call('ZREM', key, unpack(tokens))
end

-- Gives back the tokens of a request taken at the given time. It stays remembered, as refunded.
function takings.refund(view, id, cost, taken_us)
  remove_tokens(view.key, id, cost)
  redis.call('ZADD', view.key, '-' .. to_text(taken_us) .. '.5', id)
end

-- Removes a request of this cost, if it is there.
function takings.remove(view, id, cost)
  if redis.call('ZREM', view.key, id) == 1 then remove_tokens(view.key, id, cost) end
end

-- Appends the ids in a set to a list and returns their number; -1 if there are too many.
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

-- Adds a request of a past moment.
function takings.restore(view, request, is_counted, at_us)
  local clock, at_text = view.clock, to_text(at_us)
  view.clock = { now_us = at_us, now_text = at_text }
  takings.take(view, request.id, request.cost, is_counted)
  view.clock = clock
end

-- Adds tokens without a known request: numbers `taken` + 1 to `missing`.
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

-- Removes a bounded number of members from before a moment; true if none is left.
local function purge(key, before_us)
  local before = to_text(before_us)
  -- Members that were given back have the same distance from zero.
  local old = redis.call('ZRANGE', key, '-' .. before, before, 'BYSCORE', 'LIMIT', 0, PURGED_PER_CALL)
  if #old > 0 then redis.call('ZREM', key, unpack(old)) end
  local excess = redis.call('ZCARD', key) - MOST_MEMBERS
  -- Members with a negative score do not count; the oldest are nearest to zero.
  local uncounted = excess > 0 and redis.call('ZCOUNT', key, '-inf', '0') or 0
  if uncounted > 0 then
    redis.call('ZREMRANGEBYRANK', key, math.max(0, uncounted - math.min(excess, PURGED_PER_CALL)), uncounted - 1)
  end
  return #old < PURGED_PER_CALL and math.min(excess, uncounted) <= PURGED_PER_CALL
end

-- Keeps the set for `retain_us` after its newest member. If it would expire earlier, older members are removed now, and
-- the expiry is set a quarter later than needed, so that most calls find it late enough and write nothing.
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

-- What sliding windows had let through when an algorithm with a hash took over, in whole tokens: it counts as taken now.
function takings.count_before(limit, request)
  local key = request.keys[request.key_at]
  return redis.call('ZCOUNT', key, window_start(request.clock, limit.window_us), to_text(limit.converted_us))
end
