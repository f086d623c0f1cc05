-- Which windows and policies' logs are counted: those that some daemon has declared recently.

local declared = {}

-- Nothing is forgotten if a daemon is stopped, or replaced by one with another policies file, for less than this.
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

-- The declarations of one kind, and when each was last made.
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

-- What other daemons have declared and the caller did not name: without its keys, a call could not keep it correct.
function declared.unknown(of, kind, known)
  local unknown = {}
  for name in pairs(declared.of_kind(of, kind)) do
    if not known[name] then unknown[#unknown + 1] = name end
  end
  return unknown
end
