-- The first thing that happens to a request: whose is it, and can it be served?

local backlog = require("backlog")
local bodies = require("bodies")
local cached = require("cached")
local fail = require("fail")
local heads = require("heads")
local hold = require("hold")
local ids = require("ids")
local loads = require("loads")
local metrics = require("metrics")
local routes = require("routes")
local secure = require("secure")
local settings = require("settings")
local start = require("start")
local usable = require("usable")
local whose = require("whose")

local give_id = ids.give
local have_simple_head = heads.are_simple
local body_announced = bodies.announced
local need_no_announcement = bodies.need_no_announcement
local discard_body = ngx.req.discard_body
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

-- All its dynos are full, or others wait already: this request is called when its turn has come. What became of its app
-- meanwhile is looked at even then: a newer table may have come between the call and this.
local function queue_for(app)
    local called = false
    while not called and (app.load.waiting > 0 or not loads.has_room(app)) do
        local id = app.id
        called = backlog.wait(app)
        app = routes.apps[id]
        if not app then
            return fail.no_such_app()
        end
        local problem = obstacle(app)
        if problem == true then
            app = hold.until_usable(app)
        elseif problem then
            return fail.now(problem, id)
        end
    end
    return app
end

-- The app as soon as it can be served and one of its dynos has room; comes back only then.
local function ready(app)
    local problem = obstacle(app)
    if problem == true then
        app = hold.until_usable(app)
    elseif problem then
        return fail.now(problem, app.id)
    end
    local load = app.load
    if load.waiting > 0 or load.active >= settings.dyno_requests then
        return queue_for(app)
    end
    return app
end

local function is_websocket()
    local connection, upgrade = var.http_connection, var.http_upgrade
    return connection and upgrade and connection:lower():find("upgrade", 1, true) and upgrade:lower() == "websocket"
end

-- What a GET brings unannounced would travel on a shared connection. It has no meaning there (RFC 9110, 9.3.1) and is left
-- behind.
local function leave_unannounced_body()
    if need_no_announcement() and SHARES_CONNECTION[get_method()] and not body_announced() then
        discard_body()
    end
end

function route.access()
    look_for_newer_table()
    local host = var.host
    local app = routes.hosts[host]
    -- The table's names are sound.
    local simple = have_simple_head(host) and (app or host:find("^[%w._-]+$"))
    if not simple and not heads.mend() then
        return ngx.exit(ngx.HTTP_BAD_REQUEST)
    end
    app = app or routes.by_wildcard(host)
    if not app then
        return fail.no_such_app()
    end
    metrics.begin(app.id)
    whose.set(app.id)
    give_id()
    start.is_now()
    leave_unannounced_body()
    if app.has_tls_rules and not secure.admits(app) then
        return secure.redirect(app)
    end
    if app.cache and not app.maintenance then
        if cached.takes(app) then
            var.edge_app = app.id
            return ngx.exec("@cache")
        end
        var.edge_verdict = "PASS"
    end
    app = ready(app)
    if not simple and is_websocket() then
        var.edge_upgrade = "websocket"
        var.edge_connection = "upgrade"
        return ngx.exec("@stream")
    end
    if not app.keepalive then
        var.edge_connection = "close"
        return ngx.exec("@once")
    end
    -- A dyno that leaves a body unread takes it for the next request of its connection: nobody else's may follow there.
    if not SHARES_CONNECTION[get_method()] or not simple and body_announced() then
        return ngx.exec("@once")
    end
end

-- What the HTTP cache does not have. The edge has looked at the request before, and Varnish alone can come here.
function route.mesh()
    look_for_newer_table()
    local app = routes.apps[var.http_x_nomapaas_app]
    if not app then
        return fail.no_such_app()
    end
    whose.set(app.id)
    app = ready(app)
    if app.cache ~= var.http_x_nomapaas_key then
        var.edge_old = "1"
    end
    if not app.keepalive then
        var.edge_connection = "close"
        return ngx.exec("@once")
    end
end

-- A request that found no cache at all goes on without one.
function route.around_cache()
    local app = routes.apps[whose.app()]
    if not app then
        return fail.no_such_app()
    end
    var.edge_cached = ""
    var.edge_verdict = "PASS"
    ready(app)
end

return route
