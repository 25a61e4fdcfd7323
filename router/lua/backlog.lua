-- Requests for an app all of whose dynos are full wait here, first come, first served.

local semaphore = require("ngx.semaphore")
local fail = require("fail")
local loads = require("loads")
local routes = require("routes")
local settings = require("settings")
local start = require("start")

local now = ngx.now

-- How often one who waits looks for a newer table and for dynos that are back in rotation.
local LOOK = 1

local backlog = {}

local function queue_up(load)
    local waiter = { semaphore = semaphore.new(0) }
    load.last = load.last + 1
    load.queue[load.last] = waiter
    loads.count_waiting(load, 1)
    waiter.load = load
    ngx.ctx.queued = waiter
    return waiter
end

-- When a request has waited long enough, has been called, or its client has gone.
function backlog.leave(waiter)
    local load = waiter.load
    ngx.ctx.queued = nil
    if waiter.called then
        load.promised = load.promised - 1
    elseif not waiter.dispersed then
        waiter.gone = true
        loads.count_waiting(load, -1)
    end
end

-- Its client has gone: the place that it may have been promised is the next one's.
function backlog.abandon(waiter)
    backlog.leave(waiter)
    if waiter.load.waiting > 0 then
        loads.call_waiting(waiter.load)
    end
end

-- Waits for room at one of the app's dynos; true when there is some, false when the app has to be looked at again.
function backlog.wait(app)
    local load = app.load
    if load.waiting >= settings.backlog * app.size then
        return fail.now("H11", app.id)
    end
    local deadline = ngx.req.start_time() + settings.first_byte_timeout
    start.was_its_own()
    local waiter = queue_up(load)
    while not waiter.called and not waiter.dispersed do
        local seconds = deadline - now()
        -- Less than nginx's clock can tell would not be a wait at all, and the clock stands still without one.
        if seconds < 0.001 then
            backlog.leave(waiter)
            return fail.now("H12", app.id)
        end
        if not waiter.semaphore:wait(seconds < LOOK and seconds or LOOK) then
            routes.refresh()
            loads.call_waiting(load)
        end
    end
    backlog.leave(waiter)
    return waiter.called
end

return backlog
