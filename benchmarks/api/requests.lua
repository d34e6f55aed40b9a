-- For wrk: sends the requests of a file, each once, in turn over all connections; then stops.
--
--   wrk -t1 -cCONNECTIONS -dGREATEST_TIME -s requests.lua ADDRESS -- FILE KEY
--
-- A line of the file: STATUS <TAB> METHOD <TAB> PATH <TAB> BODY, where STATUS is the one that is expected.
-- Prints one JSON object as its last line; times are microseconds.

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int process, int signal);")

local FOR_EVER = 3600000
local INTERRUPT = 2

function setup(thread)
   the_thread = thread -- wrk runs one thread
end

function init(arguments)
   requests, wanted = {}, {}
   sent, reserved, answered, unexpected = 0, 0, 0, 0
   local headers = { ["Authorization"] = "Bearer " .. arguments[2], ["Content-Type"] = "application/json" }
   for line in io.lines(arguments[1]) do
      local status, method, path, body = line:match("^(%d+)\t(%S+)\t(%S+)\t(.*)$")
      requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
      wanted[status] = true
   end
   looked_at = false
end

-- Asked before every request: what is left is given to whoever asks first, the others wait until the end.
function delay()
   reserved = reserved + 1
   return reserved <= #requests and 0 or FOR_EVER
end

function request()
   if not looked_at then -- wrk looks at one request before it begins
      looked_at = true
      return requests[1]
   end
   sent = sent + 1
   return requests[sent]
end

function response(status)
   answered = answered + 1
   if not wanted[tostring(status)] then
      unexpected = unexpected + 1
   end
   if answered == #requests then
      wrk.thread:stop()
      ffi.C.kill(ffi.C.getpid(), INTERRUPT) -- else wrk sleeps until its greatest time is over
   end
end

function done(summary, latency)
   local broken = summary.errors
   io.write(string.format(
      '\n{"answered": %d, "unexpected": %d, "not_connected": %d, "not_read": %d, "not_written": %d, "too_late": %d, ' ..
      '"duration": %d, "p50": %d, "p99": %d, "greatest": %d}\n',
      the_thread:get("answered"), the_thread:get("unexpected"), broken.connect, broken.read, broken.write, broken.timeout,
      summary.duration, latency:percentile(50), latency:percentile(99), latency.max))
end
