-- The log of admissions of one policy: a stream that the statistics are made from later, so that a decision need not
-- wait for them. An entry's id is the microsecond of the admissions; its fields are pairs of subject and cost.

local log = {}

-- Appends what one call has admitted. Returns whether the clock has gone back since the admissions before; a log that
-- cannot be written changes no verdict.
function log.append(key, clock, admitted)
  local reply = redis.pcall('XADD', key, clock.now_text .. '-*', unpack(admitted))
  if type(reply) ~= 'table' or not reply.err then return false end
  -- Ids only grow: a field without a name holds the time instead.
  local frozen = redis.pcall('XADD', key, '*', '', clock.now_text, unpack(admitted))
  return type(frozen) ~= 'table' or not frozen.err
end

-- Appends one admission of a moment that has passed. Ids only grow, so a field without a name holds its time.
function log.restore(key, clock, at_us, subject, cost)
  local at_text, cost_text = to_text(at_us), small_to_text(cost)
  local reply = redis.pcall('XADD', key, clock.now_text .. '-*', '', at_text, subject, cost_text)
  if type(reply) == 'table' and reply.err then redis.pcall('XADD', key, '*', '', at_text, subject, cost_text) end
end
