-- Wakes sleeping apps: one call to the control API an app, however many requests wait and in however many workers.
--
-- One key an app in the shared dict says what became of the last call. While it is there nobody calls; it goes by itself,
-- after which whoever still waits calls again. So a control API that is just being restarted costs a moment only, and
-- a worker that dies during its call blocks nobody for long.

local cjson = require("cjson.safe")
local settings = require("settings")

local shared = ngx.shared.edge

local ASKING = "asking"
local CONNECT, ANSWER = 1, 15 -- seconds
local LOCK = CONNECT + ANSWER + 1
-- For how long an answer counts, in seconds. Dynos that start need no second call, unless the first one's effect was
-- lost; a thaw is over in no time, and what was said of it must not outlive the next sleep.
local COUNTS = { up = 1, starting = 5 }
local FROZEN_COUNTS = 0.25
local FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1
local REMEMBERED = 60

local wake = {}

-- Called with an app's id when there is an answer.
function wake.on_answer() end

local function key_of(id)
    return "wake " .. id
end

-- Whether the dynos that the table has of a sleeping app may be used.
function wake.allows(app)
    local answer = shared:get(key_of(app.id))
    return answer == "up" or (answer == "starting" and not app.frozen)
end

local function token()
    local file, problem = io.open(settings.control_token, "r")
    if not file then
        return nil, problem
    end
    local text = file:read("*l")
    file:close()
    return text
end

-- HTTP/1.0, so that the answer ends with the connection.
local function request(id, secret)
    return table.concat({
        "POST /edge/apps/" .. id .. "/actions/wake HTTP/1.0",
        "Host: " .. settings.control,
        "Authorization: Bearer " .. secret,
        "Accept: application/json",
        "Content-Length: 0",
        "",
        "",
    }, "\r\n")
end

local function exchange(id)
    local secret, problem = token()
    if not secret then
        return nil, problem
    end
    local socket = ngx.socket.tcp()
    socket:settimeouts(CONNECT * 1000, CONNECT * 1000, ANSWER * 1000)
    local host, port = settings.control:match("^(.+):(%d+)$")
    local ok, err = socket:connect(host, tonumber(port))
    if ok then
        ok, err = socket:send(request(id, secret))
    end
    if not ok then
        return nil, err
    end
    return socket:receive("*a")
end

-- The answer's status and its state; nil and why when there is none.
local function ask(id)
    local text, problem = exchange(id)
    local status = text and tonumber(text:match("^HTTP/1%.%d (%d%d%d)"))
    if not status then
        return nil, problem or "the answer is no HTTP"
    end
    local document = cjson.decode(text:match("\r\n\r\n(.*)$") or "")
    return status, type(document) == "table" and document.state
end

-- The next call comes after a pause that grows with each failure.
local function note_failure(id, why)
    local failures = shared:incr("wakes failed " .. id, 1, 0, REMEMBERED) or 1
    shared:set(key_of(id), "failed", math.min(FIRST_PAUSE * 2 ^ (failures - 1), LONGEST_PAUSE))
    if failures == 1 then
        ngx.log(ngx.ERR, "the control API did not wake app ", id, ", it will be asked again: ", why)
    end
end

local function call(_, id, frozen)
    local status, state = ask(id)
    if status == 202 and COUNTS[state] then
        shared:delete("wakes failed " .. id)
        shared:set("wakes", true, COUNTS.starting)
        shared:set(key_of(id), state, state == "starting" and frozen and FROZEN_COUNTS or COUNTS[state])
    elseif status == 404 then
        shared:set(key_of(id), "gone", COUNTS.up)
    else
        note_failure(id, status or state)
    end
    wake.on_answer(id)
end

-- For an app that sleeps and that somebody waits for: calls if it is time to.
function wake.attend(app)
    local key = key_of(app.id)
    if shared:get(key) or not shared:add(key, ASKING, LOCK) then
        return
    end
    if not ngx.timer.at(0, call, app.id, app.frozen) then
        shared:delete(key)
    end
end

-- Whether the control API knows no such app: the table is only a moment behind.
function wake.is_gone(app)
    return app.state == "idle" and shared:get(key_of(app.id)) == "gone"
end

-- What was answered counts for this sleep only, not for the next one.
function wake.forget(apps)
    if not shared:get("wakes") then
        return
    end
    for _, app in ipairs(apps) do
        if app.state ~= "idle" then
            shared:delete(key_of(app.id))
        end
    end
end

return wake
