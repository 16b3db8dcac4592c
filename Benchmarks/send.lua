-- wrk: POST /api/messages/ to oneself over and over. BENCH_SESSION is a line of `admin mint-sessions`; with BENCH_KEYS=true each
-- message has a client_message_id of its own.
local threads = {}
function setup(thread)
  threads[#threads + 1] = thread
  thread:set("id", #threads)
end

function init()
  local session = os.getenv("BENCH_SESSION")
  local user, name = session:match('"user_id":(%d+)'), session:match('"username":"([^"]+)"')
  headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. session:match('"token":"([^"]+)"') }
  head = string.format('{"message":"%s","sender_id":%s,"sender_username":"%s","receiver_id":%s,"send_date":"2026-01-02 03:04:05"',
    string.rep("x", 256), user, name, user)
  keys = os.getenv("BENCH_KEYS") == "true"
  run, count, accepted = os.time(), 0, 0
end

function request()
  count = count + 1
  local key = keys and string.format(',"client_message_id":"%x.%d.%d"', run, id, count) or ""
  return wrk.format("POST", "/api/messages/", headers, head .. key .. "}")
end

function response(status) if status == 200 then accepted = accepted + 1 end end

function done(summary)
  local sum = 0
  for _, thread in ipairs(threads) do sum = sum + thread:get("accepted") end
  print(string.format("accepted_per_second %d", sum / (summary.duration / 1e6)))
end
