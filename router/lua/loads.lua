-- How busy each dyno is, which dynos are out of rotation, and which requests wait for room at their app's dynos.
--
-- Counters are a worker's own (decision 9): each nginx worker is what Heroku calls a router, and Heroku's routers do not
-- coordinate either. They hang on allocation and address, not on the table's objects, so that a new table changes nothing
-- for requests that are under way, and a dyno that gets another one's address begins anew.

local metrics = require("metrics")
local raw = require("raw")
local routes = require("routes")
local settings = require("settings")

local now = ngx.now
local request_key = raw.request

local loads = {}

local taken = {} -- by request: the load of the dyno that has it
local of_dyno = {} -- by identity: { count, out_until, answered, app, dyno }
local of_app = {} -- by id: { id, adds, active, waiting, promised, first, last, queue }; adds: headers to its responses

local function app_load(id)
    local load = of_app[id]
    if not load then
        load = { id = id, active = 0, waiting = 0, promised = 0, first = 1, last = 0, queue = {} }
        of_app[id] = load
    end
    return load
end

local function dyno_load(dyno)
    local load = of_dyno[dyno.identity]
    if not load then
        load = { count = 0, out_until = 0, answered = 0 }
        of_dyno[dyno.identity] = load
    end
    load.app, load.dyno = app_load(dyno.app), dyno
    return load
end

-- This request goes to that dyno.
function loads.take(load)
    taken[request_key()] = load
    load.count = load.count + 1
    local app = load.app
    app.active = app.active + 1
end

-- How many more requests an app's dynos take. Those that are out of rotation count only where all are.
local function room(pool)
    local time, limit = now(), settings.dyno_requests
    local inside, outside, any = 0, 0, false
    for index = 1, #pool do
        local load = pool[index].load
        local free = limit > load.count and limit - load.count or 0
        if load.out_until > time then
            outside = outside + free
        else
            inside, any = inside + free, true
        end
    end
    return any and inside or outside
end

function loads.has_room(app)
    return room(app.pool) > app.load.promised
end

function loads.count_waiting(load, change)
    load.waiting = load.waiting + change
    metrics.queue(load.id, load.waiting)
end

local function next_waiter(load)
    while load.first <= load.last do
        local waiter = load.queue[load.first]
        load.queue[load.first] = nil
        load.first = load.first + 1
        if not waiter.gone then
            loads.count_waiting(load, -1)
            return waiter
        end
    end
    load.first, load.last = 1, 0
end

-- Lets those go on who came first, as many as there is room for.
function loads.call_waiting(load)
    local app = routes.apps[load.id]
    local free = app and room(app.pool) - load.promised or 0
    while load.waiting > 0 and free > 0 do
        local waiter = next_waiter(load)
        waiter.called = true
        load.promised = load.promised + 1
        free = free - 1
        waiter.semaphore:post(1)
    end
end

-- Lets all go on who wait, to look again what became of their app.
local function disperse(load)
    while load.waiting > 0 do
        local waiter = next_waiter(load)
        waiter.dispersed = true
        waiter.semaphore:post(1)
    end
end

-- Ends the count of a try or a request; `good` when the dyno answered. Returns the load that it was, nil if it was none.
function loads.release(good)
    local key = request_key()
    local load = taken[key]
    if not load then
        return nil
    end
    taken[key] = nil
    load.count = load.count - 1
    local app = load.app
    app.active = app.active - 1
    if good then
        load.answered = now()
    end
    if app.waiting > 0 then
        loads.call_waiting(app)
    end
    return load
end

-- Of the dyno that has this request; nil when none has.
function loads.current()
    return taken[request_key()]
end

local function attach(dynos)
    local known = {}
    for id, app in pairs(routes.apps) do
        local load = app_load(id)
        app.load = load
        load.adds = app.cache or app.affinity or app.hsts
    end
    for _, dyno in ipairs(dynos) do
        if routes.apps[dyno.app] then
            dyno.load = dyno_load(dyno)
            known[dyno.identity] = true
        end
    end
    return known
end

local function forget_strangers(known)
    for key, load in pairs(of_dyno) do
        if not known[key] and load.count == 0 then
            of_dyno[key] = nil
        end
    end
    for id, load in pairs(of_app) do
        if not routes.apps[id] and load.active == 0 and load.waiting == 0 and load.promised == 0 then
            of_app[id] = nil
        end
    end
end

function routes.on_change(dynos)
    local known = attach(dynos)
    for id, load in pairs(of_app) do
        if load.waiting > 0 then
            local app = routes.apps[id]
            if app and app.size > 0 and not app.maintenance then
                loads.call_waiting(load)
            else
                disperse(load)
            end
        end
    end
    forget_strangers(known)
end

return loads
