-- Erasing one subject: what the functions of an erasure share, and what folding must know of running ones.
--
-- While an erasure runs, the state of the statistics has a field `erasing:ID`: msgpack of { subject, cutoffs: the last
-- entry of each policy's log when it began }. The subject's pairs in those logs up to there no longer count, and are gone
-- once the logs are rewritten.

local erasing = {}

local NOBODY = {}

-- The running erasures in a state of the statistics.
function erasing.read(of)
  local erasures = {}
  for field, text in pairs(of.fields) do
    if string.sub(field, 1, 8) == 'erasing:' then erasures[#erasures + 1] = cmsgpack.unpack(text) end
  end
  return erasures
end

-- The subjects whose pairs in an entry no longer count, as a set.
function erasing.erased(run, log, id)
  local erased = NOBODY
  for _, each in ipairs(run.erasures) do
    local cutoff = each.cutoffs[log.policy]
    if cutoff and not entries.is_before(cutoff, id) then
      if erased == NOBODY then erased = {} end
      erased[each.subject] = true
    end
  end
  return erased
end

-- Whether the caller still holds the lease of the erasures; if so, it is renewed.
function erasing.holds_lease(key, daemon, lease_ms)
  if redis.call('GET', key) ~= daemon then return false end
  redis.call('PEXPIRE', key, to_text(lease_ms))
  return true
end

-- The id of the last entry of a log; nil if there is none.
function erasing.last_id(key)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', '1')[1]
  return last and last[1]
end

-- The id that the next entry must exceed.
function erasing.generated_id(key)
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
