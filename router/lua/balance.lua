-- Which dyno a request goes to, and whether a failed try may be followed by another.

local affinity = require("affinity")
local balancer = require("ngx.balancer")
local lines = require("lines")
local loads = require("loads")
local routes = require("routes")
local settings = require("settings")
local whose = require("whose")

local get_last_failure = balancer.get_last_failure
local set_current_peer = balancer.set_current_peer
local set_more_tries = balancer.set_more_tries
local now = ngx.now
local random = math.random
local var = ngx.var

local MOST_TRIES = 10
local NO_LIVE_UPSTREAM = -3
local HUGE = math.huge

local balance = {}

-- At random one of those that are least busy; nil when every one is out of rotation.
local function least_busy(pool)
    local time, least, ties = now(), HUGE, 0
    for index = 1, #pool do
        local load = pool[index].load
        if load.out_until <= time then
            local count = load.count
            if count < least then
                least, ties = count, 1
            elseif count == least then
                ties = ties + 1
            end
        end
    end
    if ties == 0 then
        return nil
    end
    local skip = ties > 1 and random(ties) - 1 or 0
    for index = 1, #pool do
        local dyno = pool[index]
        if dyno.load.count == least and dyno.load.out_until <= time then
            if skip == 0 then
                return dyno
            end
            skip = skip - 1
        end
    end
end

-- For another try: the least busy of those that were not tried; one that is out of rotation only as the last resort.
local function pick_untried(pool, tried)
    local left, last_resort = {}, nil
    for _, dyno in ipairs(pool) do
        if not tried[dyno.load] then
            left[#left + 1] = dyno
        end
    end
    last_resort = left[1] and left[random(#left)]
    return least_busy(left) or last_resort
end

local function pick(app)
    local pool, size = app.pool, app.size
    if app.affinity then
        local pinned = affinity.pinned(app)
        if pinned then
            return pinned
        end
    end
    if size == 1 then
        return pool[1]
    end
    return least_busy(pool) or pool[random(size)]
end

local function take(dyno)
    loads.take(dyno.load)
    if dyno.old then
        var.edge_old = "1"
    end
    return set_current_peer(dyno.addr, dyno.port)
end

local function take_for(app, dyno)
    if app.affinity then
        affinity.pin(dyno)
    end
    return take(dyno)
end

-- A dyno that refuses is out for a while, and the platform hears of it: it may have to be replaced.
function balance.put_out(load)
    load.out_until = now() + settings.quarantine
    local dyno = load.dyno
    lines.add(("#refused %s %s %s"):format(dyno.app, dyno.alloc, dyno.name))
end

-- The figure of the try that failed, in one of nginx's lists; the try that begins just now has none yet.
local function of_failed_try(list)
    return tonumber((list or ""):match("([%d.]+)[^%d]*$")) or 0
end

-- Whether the failed try may be followed by one that could run the request a second time. Only when the connection was
-- most likely a kept-alive one that the dyno was closing just then.
local function may_repeat(load, shared_connection)
    return shared_connection and not ngx.ctx.repeated and load.answered + settings.keepalive > now()
end

local function judge(status, received)
    if status == 504 then
        return "H12"
    end
    return received > 0 and "H17" or "H13"
end

-- The times are noted here: nginx would count this as one more try, of no length.
local function give_up(code)
    var.edge_code = code
    var.edge_connect = ("%.0fms"):format(of_failed_try(var.upstream_connect_time) * 1000)
    var.edge_service = ("%.0fms"):format(of_failed_try(var.upstream_response_time) * 1000)
    return ngx.exit(NO_LIVE_UPSTREAM)
end

-- Bytes were sent: the dyno may have acted on them.
local function after_sending(app, load, status, shared_connection)
    if status == 504 or not may_repeat(load, shared_connection) then
        return give_up(judge(status, of_failed_try(var.upstream_bytes_received)))
    end
    ngx.ctx.repeated = true
    local dyno = pick_untried(app.pool, { [load] = app.size > 1 or nil })
    return dyno and take_for(app, dyno) or give_up("H13")
end

-- Nothing was sent: any other dyno may have the request.
local function after_refusal(app, load, status, shared_connection)
    local tried = ngx.ctx.tried or {}
    ngx.ctx.tried = tried
    if app.size > 1 or not shared_connection then
        balance.put_out(load)
        tried[load] = true
    end
    -- A single dyno comes here only when nginx itself grants another try: a kept-alive connection was gone.
    local dyno = pick_untried(app.pool, tried)
    return dyno and take_for(app, dyno) or give_up(status == 504 and "H19" or "H21")
end

local NOBODY = { pool = {}, size = 0 }

local function another_try(app, status, shared_connection)
    local load = loads.release(false)
    var.edge_dyno = load and load.dyno.name or ""
    local after = of_failed_try(var.upstream_bytes_sent) > 0 and after_sending or after_refusal
    return after(app, load, status, shared_connection)
end

local function balance_on(shared_connection)
    local app = routes.apps[whose.app()]
    local state, status = get_last_failure()
    if state then
        return another_try(app or NOBODY, status, shared_connection)
    end
    -- `route` found a dyno, and nothing else has run since.
    if app.size > 1 then
        set_more_tries(math.min(app.size, MOST_TRIES) - 1)
    end
    return take_for(app, pick(app))
end

function balance.balance()
    return balance_on(true)
end

function balance.balance_once()
    return balance_on(false)
end

return balance
