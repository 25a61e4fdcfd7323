-- The first thing that happens to a request: whose is it, and can it be served?

local fail = require("fail")
local hold = require("hold")
local ids = require("ids")
local routes = require("routes")
local usable = require("usable")

local make_id = ids.make
local get_method = ngx.req.get_method
local now = ngx.now
local obstacle = usable.obstacle
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
        app = hold.until_usable(app)
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
