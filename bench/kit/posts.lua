-- For wrk: posts of notifications that differ in their number.
-- wrk … -s posts.lua URL -- PATH BEGINNING ITEM END COUNT FIRST
-- One body is BEGINNING, COUNT times ITEM with commas between, END. In ITEM ######### becomes nine digits.
local head, item, tail, count, number, path

local function pieces(text)
  local found, from = {}, 1
  while true do
    local start, stop = text:find('#########', from, true)
    if start == nil then break end
    found[#found + 1] = text:sub(from, start - 1)
    from = stop + 1
  end
  found[#found + 1] = text:sub(from)
  return found
end

function init(args)
  path, head, item, tail = args[1], args[2], pieces(args[3]), args[4]
  count, number = tonumber(args[5]), tonumber(args[6])
  local length = #head + #tail + count - 1
  local one = 9 * (#item - 1)
  for _, piece in ipairs(item) do one = one + #piece end
  length = length + count * one
  head = 'POST ' .. path .. ' HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: '
    .. length .. '\r\n\r\n' .. head
end

function request()
  local items = {}
  for index = 1, count do
    number = number + 1
    items[index] = table.concat(item, string.format('%09d', number))
  end
  return head .. table.concat(items, ',') .. tail
end
