-- The log of a policy's admissions, a stream. An entry's id is `<microsecond>-<n>`, its fields are pairs of a subject and
-- a cost. If the first field is empty, its value is the entry's time: the clock had gone back, and an id cannot go back.
-- A refund is an entry with one pair, whose cost is `-COST@MICROSECOND` of the admission.

local entries = {}

-- The digits of a microsecond, from the year 2001 to 2286.
local DIGITS = 16

-- The time of an entry in microseconds, and the index of its first pair.
function entries.read(entry)
  local id, fields = entry[1], entry[2]
  if fields[1] == '' then return tonumber(fields[2]), 3 end
  return tonumber(string.sub(id, 1, DIGITS)) or tonumber(string.match(id, '^%d+')), 1
end

-- When the refunded admission was made; nil if the entry is no refund.
function entries.refunded_us(fields, first)
  local value = fields[first + 1]
  return string.byte(value) == 45 and tonumber(string.match(value, '@(%d+)$')) or nil
end

-- The id just above an entry's.
function entries.after(id)
  local us, n = string.match(id, '^(%d+)%-(%d+)$')
  return string.format('%s-%.0f', us, tonumber(n) + 1)
end

-- The id just below an entry's.
function entries.before(id)
  local us, n = string.match(id, '^(%d+)%-(%d+)$')
  if tonumber(n) > 0 then return string.format('%s-%.0f', us, tonumber(n) - 1) end
  return string.format('%.0f-18446744073709551615', tonumber(us) - 1)
end

function entries.is_before(id, other)
  local us, n = string.match(id, '^(%d+)%-(%d+)$')
  local other_us, other_n = string.match(other, '^(%d+)%-(%d+)$')
  if us ~= other_us then return tonumber(us) < tonumber(other_us) end
  return tonumber(n) < tonumber(other_n)
end

-- One at first: an entry may hold many pairs, and its size is unknown until it is read.
local FIRST_CHUNK = 1
local LARGEST_CHUNK = 64

-- Reads a log in chunks, and visits each entry as `visit(entry, at_us, first, pair_count)` until that returns false, or
-- `budget` pairs are visited. `read` is XRANGE or XREVRANGE; `first_chunk` is how many entries are read first, and
-- `largest_chunk` how many are read at a time at most. Returns
-- how many pairs were visited, and whether the end was reached: of the log, or of what `visit` wanted.
function entries.walk(walk)
  local visited, chunk, from = 0, walk.first_chunk or FIRST_CHUNK, walk.from
  local largest = walk.largest_chunk or LARGEST_CHUNK
  while visited < walk.budget do
    local read = redis.call(walk.command, walk.key, from, walk.to, 'COUNT', small_to_text(chunk))
    for _, entry in ipairs(read) do
      if visited >= walk.budget then return visited, false end
      local at_us, first = entries.read(entry)
      local pair_count = (#entry[2] - first + 1) / 2
      if not walk.visit(entry, at_us, first, pair_count) then return visited, true end
      visited = visited + pair_count
      from = '(' .. entry[1]
    end
    if #read < chunk then return visited, true end
    local pairs_per_entry = math.max(1, visited / chunk)
    chunk = math.max(1, math.min(largest, math.floor((walk.budget - visited) / pairs_per_entry)))
  end
  return visited, false
end
