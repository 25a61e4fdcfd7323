-- Is a dyno there yet? Consul looks once a second; while somebody waits for an app, its dynos that no check has passed are
-- tried every 20 ms, and the first connection that one takes makes it usable, for every worker. Nobody waits: no probes.
-- Apps with a health check of their own are left to Consul, which alone knows whether they are well.

local proof = require("proof")
local routes = require("routes")

local PERIOD = 0.02
local MOST_A_SECOND = 1000 -- for each worker
local CONNECT = 250 -- ms

local probe = {}

local watched = {} -- by allocation and address
local count = 0

-- Told by `hold`: whether anybody waits for an app, and what to do when one of its dynos takes connections.
function probe.wanted() end
function probe.on_success() end

-- The dyno as the newest table has it, while a probe could tell something new about it.
local function find(app_id, name)
    local app = routes.apps[app_id]
    for _, dyno in ipairs(app and app.dynos or {}) do
        if dyno.identity == name then
            return routes.needs_probe(dyno) and dyno
        end
    end
end

local function takes_connections(dyno)
    local socket = ngx.socket.tcp()
    socket:settimeout(CONNECT)
    local connected = socket:connect(dyno.addr, dyno.port)
    if connected then
        socket:close()
    end
    return connected
end

local function watch(_, app_id, name)
    while true do
        local dyno = probe.wanted(app_id) and find(app_id, name)
        if not dyno then
            break
        end
        -- Meanwhile the table may have changed: `find` says whether this is still the same dyno.
        if takes_connections(dyno) and find(app_id, name) then
            routes.prove(find(app_id, name))
            probe.on_success(app_id)
            break
        end
        ngx.sleep(math.max(PERIOD, count / MOST_A_SECOND))
    end
    watched[name] = nil
    count = count - 1
end

-- Whether one of the dynos that would get an app's requests has taken a connection since then.
function probe.lives(app, since)
    for _, dyno in ipairs(app.pool) do
        if (proof.has(dyno) or 0) >= since or takes_connections(dyno) then
            return true
        end
    end
    return false
end

-- For an app that somebody waits for and that has no usable dyno.
function probe.attend(app)
    for _, dyno in ipairs(app.dynos or {}) do
        local name = dyno.identity
        if not watched[name] and routes.needs_probe(dyno) and ngx.timer.at(0, watch, app.id, name) then
            watched[name] = true
            count = count + 1
        end
    end
end

return probe
