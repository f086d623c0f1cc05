-- Who was erased, and when that began: so that what a daemon has held back of a subject is not written after its erasure.
--
-- A running erasure names its subject. An ended one does not, so who was erased is also kept under a keyed hash, which a
-- daemon computes; it finds nothing with another secret than that of the daemon that began the erasure.

local erased = {}

-- At least as long as an ended erasure is reported.
erased.KEPT_US = 7 * 24 * 60 * 60 * 1000000
erased.MOST_KEPT = 10000

function erased.note(key, hash, begun_us)
  if hash == '' then return end
  redis.call('ZADD', key, to_text(begun_us), hash)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', to_text(begun_us - erased.KEPT_US))
  redis.call('ZREMRANGEBYRANK', key, '0', to_text(-1 - erased.MOST_KEPT))
  redis.call('PEXPIRE', key, to_text(erased.KEPT_US / 1000))
end

-- A function of a subject and its hash: when its last erasure began, in microseconds; 0 if it was not erased.
function erased.reader(running_key, key)
  local running = {}
  for _, text in ipairs(redis.call('HVALS', running_key)) do
    local record = cmsgpack.unpack(text)
    running[record.subject] = record.begun_us
  end
  return function(subject, hash)
    local ended_us = hash ~= '' and redis.call('ZSCORE', key, hash)
    return math.max(running[subject] or 0, tonumber(ended_us or 0))
  end
end
