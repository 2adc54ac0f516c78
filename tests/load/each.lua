-- Sends one request a line of a file, each line once: METHOD, then for each line its path, headers and body.
-- Arguments: method, file, repeat ("once" or "again"). Lines hold fields apart by tabs: path, token (or `cookie NAME=VALUE`), If-Match,
-- X-Forwarded-For, body; "-" for none. In "again" the number of If-Match rises by one each round.
local threads = {}

function setup(thread)
  thread:set("place", #threads)
  threads[#threads + 1] = thread
end

function init(arguments)
  method, again = arguments[1], arguments[3] == "again"
  local count = tonumber(arguments[4])
  -- The first thread of wrk makes a request that it does not send.
  lines, at, round = {}, place == 0 and -1 or 0, 0
  local number = 0
  for line in io.lines(arguments[2]) do
    if number % count == place then
      local fields = {}
      for field in line:gmatch("[^\t]+") do fields[#fields + 1] = field end
      lines[#lines + 1] = fields
    end
    number = number + 1
  end
end

function request()
  at = at + 1
  if at > #lines then
    if not again then
      at, spent = #lines, true
    else
      at, round = 1, round + 1
    end
  end
  local one = lines[at] or lines[1]
  local headers = {}
  if one[2]:find("^cookie ") then
    headers["cookie"] = one[2]:sub(8)
    -- Who has a cookie is a browser, and takes pages packed.
    headers["accept-encoding"] = "gzip, deflate, br, zstd"
  elseif one[2] ~= "-" then
    headers["authorization"] = "Bearer " .. one[2]
  end
  if one[3] ~= "-" then headers["if-match"] = '"' .. (tonumber(one[3]) + round) .. '"' end
  if one[4] ~= "-" then headers["x-forwarded-for"] = one[4] end
  if one[5] ~= "-" then headers["content-type"] = one[1]:find("^/fhir/") and "application/fhir+json" or "application/json" end
  return wrk.format(method, one[1], headers, one[5] ~= "-" and one[5] or nil)
end

function done()
  for _, thread in ipairs(threads) do
    if thread:get("spent") then print("Lines ran out") end
  end
end
