-- The first thing that happens to a request: whose is it, and can it be served?

local fail = require("fail")
local hold = require("hold")
local ids = require("ids")
local routes = require("routes")
local settings = require("settings")

local make_id = ids.make
local get_method = ngx.req.get_method
local now = ngx.now
local shared = ngx.shared.edge
local var = ngx.var

local SHARES_CONNECTION = { GET = true, HEAD = true, OPTIONS = true }

local route = {}

local checked = 0

-- nginx's clock stands still within one turn of its event loop, so the shared dict is asked once a turn at most.
local function look_for_newer_table()
    local time = now()
    if time ~= checked then
        checked = time
        if shared:get("version") ~= routes.version then
            routes.refresh()
        end
    end
end

-- Why a request for this app cannot be served now: a code, or true when waiting may help, or nil.
local function obstacle(app)
    if app.maintenance then
        return "H80"
    end
    if app.state == "down" then
        return "H14"
    end
    if app.size > 0 then
        return nil
    end
    return app.state == "crashed" and "H10" or true
end

-- An app that is starting, or that should be up and has no dyno at the moment, gets its requests as soon as it can.
local function wait_for(app)
    local id = app.id
    local deadline = ngx.req.start_time() + settings.boot_timeout
    var.edge_start = string.format("%d", ngx.req.start_time() * 1000)
    while true do
        local seconds = deadline - now()
        -- Less than nginx's clock can tell would not be a wait at all, and the clock stands still without one.
        if seconds < 0.001 then
            return fail.now("H20", id)
        end
        hold.wait(id, seconds)
        app = routes.apps[id]
        if not app then
            return fail.no_such_app()
        end
        local problem = obstacle(app)
        if problem == nil then
            return app
        elseif problem ~= true then
            return fail.now(problem, id)
        end
    end
end

local function is_websocket(connection)
    return connection:lower():find("upgrade", 1, true) and (var.http_upgrade or ""):lower() == "websocket"
end

local function wants_events(accept)
    return accept:find("text/event-stream", 1, true)
end

function route.access()
    look_for_newer_table()
    local app = routes.hosts[var.host] or routes.by_wildcard(var.host)
    if not app then
        return fail.no_such_app()
    end
    local problem = obstacle(app)
    if problem == true then
        app = wait_for(app)
    elseif problem then
        return fail.now(problem, app.id)
    end
    var.edge_app = app.id
    var.edge_uuid = make_id()
    local connection, accept = var.http_connection, var.http_accept
    if connection and connection ~= "keep-alive" and is_websocket(connection) then
        var.edge_upgrade = "websocket"
        var.edge_connection = "upgrade"
        return ngx.exec("@stream")
    end
    if accept and accept ~= "*/*" and wants_events(accept) then
        return ngx.exec("@stream")
    end
    if not SHARES_CONNECTION[get_method()] then
        return ngx.exec("@once")
    end
end

return route
