-- A thousand sites in turn: five hundred hosts, two paths each.
local n = 0
request = function()
  n = (n + 1) % 1000
  local path = n % 2 == 1 and "/p" or "/"
  return "GET " .. path .. " HTTP/1.1\r\nHost: a" .. math.floor(n / 2) .. ".example.org\r\n\r\n"
end
