-- Which windows are counted, and which policies' logs they count: those that some daemon has declared lately.

local declared = {}

-- A daemon may be stopped for this long, or be replaced by one with another policies file, and nothing is forgotten.
local GRACE_US = 10 * 60 * 1000000

-- A declaration is written at most this often.
local FRESH_US = 60 * 1000000

local function renew(of, field, now_us)
  local seen_us = state.number(of, field)
  if not seen_us or now_us - seen_us > FRESH_US or seen_us > now_us then state.set(of, field, now_us) end
end

-- Notes what the calling daemon declares.
function declared.renew(of, windows, logs, now_us)
  for _, window in ipairs(windows) do
    if window.declared then renew(of, string.format('window:%.0f', window.ms), now_us) end
  end
  for _, log in ipairs(logs) do
    if log.declared then renew(of, 'log:' .. log.policy, now_us) end
    if log.declared and log.records then renew(of, 'records:' .. log.policy, now_us) end
  end
end

-- What is declared of one kind, and when it last was.
function declared.of_kind(of, kind)
  local found, pattern = {}, '^' .. kind .. ':(.+)$'
  for field, seen_us in pairs(of.fields) do
    local name = string.match(field, pattern)
    if name then found[name] = tonumber(seen_us) end
  end
  return found
end

function declared.is_idle(seen_us, now_us)
  return now_us - seen_us > GRACE_US
end

-- What other daemons have declared and the caller has not named: a call without its keys could not keep it right.
function declared.unknown(of, kind, known)
  local unknown = {}
  for name in pairs(declared.of_kind(of, kind)) do
    if not known[name] then unknown[#unknown + 1] = name end
  end
  return unknown
end
