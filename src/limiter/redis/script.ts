/**
 * `spend` of domain/rate-limit.ts inside the server, by the server's clock, for many clients in one call: KEYS are
 * theirs, ARGV[1] is the step and ARGV[2] the room, in microseconds. Nothing is kept longer than it counts.
 */
export const SPEND = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local step, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local answers = {}
for index, key in ipairs(KEYS) do
  local taken = (tonumber(redis.call('GET', key)) or now) - now
  if taken < 0 then taken = 0 end
  if taken > room then taken = room end
  if taken + step <= room then
    taken = taken + step
    redis.call('SET', key, string.format('%.0f', now + taken), 'PX', math.ceil(taken / 1000))
    answers[index] = taken
  else
    answers[index] = -taken
  end
end
return answers
`;
