/**
 * What runs inside the server, so that one call does what would be several with others in between. KEYS are the
 * streams in the order to take from; ARGV begins with the group and the consumer.
 */

/**
 * A group that is missing, on a fresh server or after a FLUSHALL, is made, with its stream, and reads from the start.
 * Any other fault is provoked again, so that it is thrown.
 */
const WITH_GROUP = `
local group, consumer = ARGV[1], ARGV[2]
local made, found = 0, {}
local function with_group(key, command)
  local answer = redis.pcall(unpack(command))
  if type(answer) == 'table' and answer.err and string.find(answer.err, 'NOGROUP', 1, true) then
    redis.call('XGROUP', 'CREATE', key, group, '0', 'MKSTREAM')
    made = made + 1
    return redis.call(unpack(command))
  end
  if type(answer) == 'table' and answer.err then return redis.call(unpack(command)) end
  return answer
end
local function keep(key, entries)
  for _, entry in ipairs(entries) do
    if entry and entry[2] then found[#found + 1] = { key, entry[1], entry[2] } end
  end
end
`;

/** ARGV[3]: how many, over all streams. Answers what is new. */
export const READ = `${WITH_GROUP}
local left = tonumber(ARGV[3])
for _, key in ipairs(KEYS) do
  if left - #found <= 0 then break end
  local count = left - #found
  local answer = with_group(key, { 'XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', key, '>' })
  if answer then keep(key, answer[1][2]) end
end
return { made, found }
`;

/**
 * ARGV[3]: how many; ARGV[4]: how long an entry must have lain with its consumer, in ms. Answers what was taken over,
 * and forgets the consumers that have nothing and have not asked for as long.
 */
export const TAKE_OVER = `${WITH_GROUP}
local left, idle = tonumber(ARGV[3]), tonumber(ARGV[4])
for _, key in ipairs(KEYS) do
  local cursor, before = '0-0', #found
  repeat
    if left - #found <= 0 then break end
    local answer = with_group(key, { 'XAUTOCLAIM', key, group, consumer, idle, cursor, 'COUNT', left - #found })
    cursor = answer[1]
    keep(key, answer[2])
  until cursor == '0-0'
  if #found > before then
    for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', key, group)) do
      if info[2] ~= consumer and info[4] == 0 and info[6] > idle then
        redis.call('XGROUP', 'DELCONSUMER', key, group, info[2])
      end
    end
  end
end
return { made, found }
`;

/** ARGV[3]: in whose name what is left waits; ARGV[4]: how long it has lain there, in ms. Answers how many. */
export const LEAVE = `
local group, consumer, heir, idle = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local left = 0
for _, key in ipairs(KEYS) do
  local pending = redis.pcall('XPENDING', key, group, '-', '+', 10000, consumer)
  if not pending.err then
    for _, entry in ipairs(pending) do
      redis.call('XCLAIM', key, group, heir, 0, entry[1], 'IDLE', idle, 'JUSTID')
      left = left + 1
    end
    redis.call('XGROUP', 'DELCONSUMER', key, group, consumer)
  end
end
return left
`;
