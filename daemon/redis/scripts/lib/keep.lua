-- A number as Redis's commands take it: Lua rounds the text of a large number, and passing a number to a command costs
-- more than passing text.
local function to_text(number)
  return string.format('%.0f', number)
end

-- The texts of small numbers are made once.
local SMALL = 1000
local small_texts = {}

local function small_to_text(number)
  if number > SMALL or number < -SMALL then return to_text(number) end
  local text = small_texts[number]
  if not text then
    text = to_text(number)
    small_texts[number] = text
  end
  return text
end

-- Sets a key to expire in `delay_us`, never earlier than it already would. A quarter is added, so that most calls find
-- the expiry late enough and write nothing.
local function keep_for(key, delay_us)
  local delay_ms = math.ceil(delay_us / 1000)
  if redis.call('PTTL', key) < delay_ms then
    redis.call('PEXPIRE', key, to_text(delay_ms + math.ceil(delay_ms / 4)))
  end
end
