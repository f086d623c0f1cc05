-- Saves the progress of an erasure, or that it has ended: then its record no longer names the subject.
--
-- KEYS[1]  the running erasures KEYS[2]  the ended erasures: a hash of msgpack { subject_hash, begun_us, ended_us,
-- steps_total }, by id KEYS[3]  the state of the statistics
--
-- ARGV[1]  msgpack: { id, begun_us: when it began, as far as the caller knows, steps_done, forget_us, most_ended }
--
-- Returns  1, or 0 if it has been started again since, or has ended

-- Deletes erasures that ended long ago, and the oldest if there are too many.
local function forget_ended(key, request, now_us)
  local ended, list = redis.call('HGETALL', key), {}
  for i = 1, #ended, 2 do list[#list + 1] = { id = ended[i], at_us = cmsgpack.unpack(ended[i + 1]).ended_us } end
  table.sort(list, function(a, b) return a.at_us > b.at_us end)
  for i, each in ipairs(list) do
    if i > request.most_ended or now_us - each.at_us > request.forget_us then redis.call('HDEL', key, each.id) end
  end
end

register('note_erasure', function(keys, args)
  local request = cmsgpack.unpack(args[1])
  local text = redis.call('HGET', keys[1], request.id)
  local record = text and cmsgpack.unpack(text)
  if not record or record.begun_us ~= request.begun_us then return 0 end
  record.steps_done = request.steps_done
  if record.steps_done < record.steps_total then
    redis.call('HSET', keys[1], request.id, cmsgpack.pack(record))
    return 1
  end
  local now_us = read_clock_us()
  redis.call('HDEL', keys[1], request.id)
  redis.call('HDEL', keys[3], 'erasing:' .. request.id)
  redis.call('HSET', keys[2], request.id, cmsgpack.pack({
    subject_hash = record.subject_hash, begun_us = record.begun_us, ended_us = now_us, steps_total = record.steps_total,
  }))
  forget_ended(keys[2], request, now_us)
  redis.call('PEXPIRE', keys[2], to_text(request.forget_us / 1000))
  return 1
end, { 'allow-oom' })

-- Takes or renews the lease of the erasures of a partition.
--
-- KEYS[1]  the lease
-- ARGV[1]  who calls
-- ARGV[2]  for how long, in milliseconds
-- Returns  1 if the caller has it, 0 if another daemon has
register('lease_erasures', function(keys, args)
  if redis.call('SET', keys[1], args[1], 'NX', 'PX', args[2]) then return 1 end
  return erasing.holds_lease(keys[1], args[1], tonumber(args[2])) and 1 or 0
end, { 'allow-oom' })

-- Deletes a subject without calls from the record of calls: a newcomer from before its erasure may have arrived late.
--
-- KEYS[1]  calls by subject
-- ARGV[1]  the subject
-- Returns  nothing
register('forget_idle_subject', function(keys, args)
  local count = redis.call('ZSCORE', keys[1], args[1])
  if count and tonumber(count) == 0 then redis.call('ZREM', keys[1], args[1]) end
end)
