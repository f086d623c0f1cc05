-- The last users to connect: a sorted set, by the microsecond of their last connection.

local recent = {}

-- The longest list that can be asked for.
local KEPT = 100

-- Adds the users of some entries of one log, in order: only the last ones can be listed.
function recent.add(run, log, seen)
  local key, now_us = run.keys[4], run.now_us
  local places, args = {}, {}
  for i = #seen, 1, -1 do
    local at_us, first = entries.read(seen[i])
    local fields, erased = seen[i][2], erasing.erased(run, log, seen[i][1])
    if entries.refunded_us(fields, first) then first = #fields end
    for at = #fields - 1, first, -2 do
      local subject, place = fields[at], places[fields[at]]
      if erased[subject] then
        -- An erased subject must not be listed again.
      elseif not place then
        place = #args + 1
        places[subject], args[place + 1] = place, subject
        args[place] = to_text(math.min(at_us, now_us))
      elseif at_us > tonumber(args[place]) then
        -- An entry written after an outage is older than its position.
        args[place] = to_text(math.min(at_us, now_us))
      end
    end
    if #args >= KEPT * 2 then break end
  end
  if #args == 0 then return end
  redis.call('ZADD', key, 'GT', unpack(args))
  redis.call('ZREMRANGEBYRANK', key, '0', to_text(-1 - KEPT))
end

-- A connection in the future is from before the clock went back: it counts as now, in the same order.
function recent.clamp(key, now_us)
  local later = redis.call('ZRANGE', key, string.format('(%.0f', now_us), '+inf', 'BYSCORE')
  for i, subject in ipairs(later) do redis.call('ZADD', key, to_text(now_us - (#later - i)), subject) end
end
