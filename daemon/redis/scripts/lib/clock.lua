-- Redis's clock in microseconds, the only clock that decisions use.
local function read_clock_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- The same, and as the text of a score: the two parts of the time side by side are cheaper than formatting the sum.
local function read_clock()
  local time = redis.call('TIME')
  local seconds, microseconds = time[1], time[2]
  local padded = string.sub('000000', #microseconds + 1) .. microseconds
  return {
    now_us = seconds * 1000000 + microseconds,
    now_text = seconds .. padded,
    seconds = seconds,
    microseconds = padded,
  }
end

-- The start of a window of whole seconds, as text in seconds: it stays the same for one second.
local back_of = {}

-- The beginning of a window that ends now, as the exclusive end of a range of scores.
local function window_start(clock, window_us)
  if window_us % 1000000 ~= 0 then return '(' .. to_text(clock.now_us - window_us) end
  local back = back_of[window_us]
  if not back then
    back = { seconds = false, text = false }
    back_of[window_us] = back
  end
  if back.seconds ~= clock.seconds then
    back.seconds, back.text = clock.seconds, '(' .. to_text(clock.seconds - window_us / 1000000)
  end
  return back.text .. clock.microseconds
end
