-- The log of admissions of one policy: a stream from which the statistics are computed later, so that a decision need not
-- wait for them. An entry's id is the microsecond of the admissions; its fields are pairs of subject and cost. A refund
-- is an entry of its own, with one pair: the subject, and `-COST@MICROSECOND` of the refunded admission.

local log = {}

-- The most values of one entry, two for each admission: folding works in whole entries.
local MOST_VALUES = 64

-- Appends one entry of the values from `first` to `last`. Returns whether the clock has gone back since the previous
-- entry.
local function append_entry(key, clock, admitted, first, last)
  local reply = redis.pcall('XADD', key, clock.now_text .. '-*', unpack(admitted, first, last))
  if type(reply) ~= 'table' or not reply.err then return false end
  -- Ids only grow: if the clock went back, a field without a name holds the time.
  local frozen = redis.pcall('XADD', key, '*', '', clock.now_text, unpack(admitted, first, last))
  return type(frozen) ~= 'table' or not frozen.err
end

-- Appends the admissions of one call. Returns whether the clock has gone back since the previous ones; a failure to write
-- the log changes no verdict.
function log.append(key, clock, admitted)
  local is_behind = false
  for first = 1, #admitted, MOST_VALUES do
    is_behind = append_entry(key, clock, admitted, first, math.min(first + MOST_VALUES - 1, #admitted)) or is_behind
  end
  return is_behind
end

-- Appends one admission of a past moment. Ids only grow, so a field without a name holds its time.
function log.restore(key, clock, at_us, subject, cost)
  local at_text, cost_text = to_text(at_us), small_to_text(cost)
  local reply = redis.pcall('XADD', key, clock.now_text .. '-*', '', at_text, subject, cost_text)
  if type(reply) == 'table' and reply.err then redis.pcall('XADD', key, '*', '', at_text, subject, cost_text) end
end
