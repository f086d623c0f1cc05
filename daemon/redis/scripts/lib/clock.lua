-- Redis's clock, in microseconds: the only one that decides anything.
local function read_clock_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- The same, and as the text of a score: the two parts of the time side by side are cheaper than formatting the sum.
local function read_clock()
  local time = redis.call('TIME')
  local seconds, microseconds = time[1], time[2]
  return {
    now_us = seconds * 1000000 + microseconds,
    now_text = seconds .. string.sub('000000', #microseconds + 1) .. microseconds,
  }
end
