-- Which dyno a request goes to, and whether a failed try may be followed by another.
--
-- Counters are a worker's own: two workers agree well enough without a lock. They hang on the dyno's address, not on the
-- table's objects, so that a new table changes nothing for requests that are under way.

local balancer = require("ngx.balancer")
local routes = require("routes")
local settings = require("settings")

local get_last_failure = balancer.get_last_failure
local set_current_peer = balancer.set_current_peer
local set_more_tries = balancer.set_more_tries
local now = ngx.now
local random = math.random
local var = ngx.var

local MOST_TRIES = 10
local NO_LIVE_UPSTREAM = -3

local balance = {}

local busy = {} -- requests in flight, by address
local answered = {} -- when a dyno last answered, by address
local out_until = {} -- when a refusing dyno may be asked again, by address
local any_out_until = 0

local function less_busy(one, other)
    return (busy[other.key] or 0) < (busy[one.key] or 0) and other or one
end

-- While some dyno is out of rotation, or a request comes here for another try: the least busy of those that are left.
local function pick_carefully(pool, tried)
    local time = now()
    local offset = #pool > 0 and random(#pool)
    local best, last_resort
    for step = 1, #pool do
        local dyno = pool[(offset + step) % #pool + 1]
        if not tried[dyno.key] then
            if (out_until[dyno.key] or 0) > time then
                last_resort = last_resort or dyno
            else
                best = best and less_busy(best, dyno) or dyno
            end
        end
    end
    return best or last_resort
end

local NOTHING_TRIED = {}

local function pick(app)
    local size = app.size
    if size == 1 then
        return app.pool[1]
    end
    if any_out_until > now() then
        return pick_carefully(app.pool, NOTHING_TRIED)
    end
    local first = random(size)
    local second = random(size - 1)
    if second >= first then
        second = second + 1
    end
    return less_busy(app.pool[first], app.pool[second])
end

local function take(dyno)
    local key = dyno.key
    busy[key] = (busy[key] or 0) + 1
    var.edge_key = key
    var.edge_dyno = dyno.name
    if dyno.old then
        var.edge_old = "1"
    end
    return set_current_peer(dyno.addr, dyno.port)
end

-- Ends the count of a try or a request; `good` when the dyno answered.
function balance.release(key, good)
    local count = busy[key]
    if count then
        busy[key] = count > 1 and count - 1 or nil
    end
    if good then
        answered[key] = now()
    end
end

function balance.put_out(key)
    local time = now() + settings.quarantine
    out_until[key] = time
    any_out_until = time
end

-- Forgets addresses that are in no table any more, so that the maps do not grow for ever.
function routes.on_change(known)
    for _, map in ipairs({ answered, out_until }) do
        for key in pairs(map) do
            if not known[key] then
                map[key] = nil
            end
        end
    end
end

-- The figure of the try that failed, in one of nginx's lists; the try that begins just now has none yet.
local function of_failed_try(list)
    return tonumber((list or ""):match("([%d.]+)[^%d]*$")) or 0
end

-- Whether the failed try may be followed by one that could run the request a second time. Only when the connection was
-- most likely a kept-alive one that the dyno was closing just then.
local function may_repeat(key, shared_connection)
    return shared_connection and not ngx.ctx.repeated and (answered[key] or 0) + settings.keepalive > now()
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
local function after_sending(pool, key, status, shared_connection)
    if status == 504 or not may_repeat(key, shared_connection) then
        return give_up(judge(status, of_failed_try(var.upstream_bytes_received)))
    end
    ngx.ctx.repeated = true
    local dyno = pick_carefully(pool, { [key] = #pool > 1 or nil })
    return dyno and take(dyno) or give_up("H13")
end

-- Nothing was sent: any other dyno may have the request.
local function after_refusal(pool, key, status, shared_connection)
    local tried = ngx.ctx.tried or {}
    ngx.ctx.tried = tried
    if #pool > 1 or not shared_connection then
        balance.put_out(key)
        tried[key] = true
    end
    -- A single dyno comes here only when nginx itself grants another try: a kept-alive connection was gone.
    local dyno = pick_carefully(pool, tried)
    return dyno and take(dyno) or give_up(status == 504 and "H19" or "H21")
end

local function another_try(pool, status, shared_connection)
    local key = var.edge_key
    balance.release(key, false)
    var.edge_key = ""
    local after = of_failed_try(var.upstream_bytes_sent) > 0 and after_sending or after_refusal
    return after(pool, key, status, shared_connection)
end

local function balance_on(shared_connection)
    local app = routes.apps[var.edge_app]
    local state, status = get_last_failure()
    if state then
        return another_try(app and app.pool or {}, status, shared_connection)
    end
    if not app or app.size == 0 then
        return give_up("H99")
    end
    if app.size > 1 then
        set_more_tries(math.min(app.size, MOST_TRIES) - 1)
    end
    return take(pick(app))
end

function balance.balance()
    return balance_on(true)
end

function balance.balance_once()
    return balance_on(false)
end

return balance
