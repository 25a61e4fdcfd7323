-- Requests that wait for their app: for its wake, its boot, or a dyno that takes the place of one that is gone. Their
-- bodies stay where they are, with the client, until there is a dyno to send them to.
--
-- One timer a worker attends to all apps that somebody waits for, and nothing runs when nobody does.

local semaphore = require("ngx.semaphore")
local fail = require("fail")
local probe = require("probe")
local routes = require("routes")
local settings = require("settings")
local start = require("start")
local usable = require("usable")
local waiting_page = require("waiting")
local wake = require("wake")
local whose = require("whose")

local now = ngx.now
local shared = ngx.shared.edge

local PERIOD = 0.02
-- Who waited goes on a few at a time. Python's own server has room for five connections that it has not accepted; one
-- more costs its client a second and, when it is slow, many. So a dyno gets the next ones when it has answered the
-- first, or, since an answer may take as long as it likes, after a while.
local STEP, AT_ONCE, A_WHILE = 0.005, 3, 0.05

local hold = {}

local waiting = {} -- by app: { semaphore, count }
local held = 0
local attending = false

local function go_on(waiters, most)
    local sleepers = -waiters.semaphore:count()
    if sleepers > 0 then
        waiters.semaphore:post(math.min(sleepers, most))
    end
end

local function go_on_gently(app, waiters)
    local time = now()
    local room = AT_ONCE * app.size - app.load.active
    if room <= 0 and time - (waiters.went_on or 0) >= A_WHILE then
        room = AT_ONCE
    end
    if room > 0 then
        waiters.went_on = time
        go_on(waiters, room)
    end
end

local attend

local function look(_, id, waiters)
    local app = routes.apps[id]
    waiters.lives = app ~= nil and probe.lives(app, waiters.since)
    waiters.looking = false
    if waiters.lives then
        attend(id, waiters)
    end
end

-- What a sleeping app still has in the table may have ended, which the table knows only a moment later.
local function lives(app, waiters)
    if waiters.lives == false and not waiters.looking then
        waiters.looking = ngx.timer.at(0, look, app.id, waiters)
    end
    return waiters.lives ~= false
end

-- Does what an app needs that is waited for; true when it has dynos and more who wait for them.
function attend(id, waiters, changed)
    local app = routes.apps[id]
    if not app or wake.is_gone(app) then
        return go_on(waiters, held)
    end
    if app.state == "idle" then
        -- Whoever waits looks at a new table first: one who waited for a wake that failed is not to begin another.
        if not changed then
            wake.attend(app)
        end
        if waiters.lives == nil then
            waiters.lives = false
        end
    end
    if usable.obstacle(app) == true then
        probe.attend(app)
    end
    local obstacle = usable.obstacle(app)
    if obstacle == nil then
        if lives(app, waiters) then
            go_on_gently(app, waiters)
        end
        return waiters.semaphore:count() < 0
    end
    if changed or obstacle ~= true then
        go_on(waiters, held)
    end
end

local function attend_all()
    local changed, more = routes.refresh(), false
    for id, waiters in pairs(waiting) do
        more = attend(id, waiters, changed) or more
    end
    return more
end

-- Also in a worker that is ending: it has promised answers.
local function run()
    while held > 0 do
        ngx.sleep(attend_all() and STEP or PERIOD)
    end
    attending = false
end

local function news_of(id)
    local waiters = waiting[id]
    if waiters then
        attend(id, waiters, true)
    end
end

wake.on_answer = news_of
probe.on_success = news_of

function probe.wanted(id)
    return waiting[id] ~= nil
end

local function enter(id)
    local waiters = waiting[id] or { semaphore = semaphore.new(0), count = 0, since = now() }
    waiting[id] = waiters
    waiters.count = waiters.count + 1
    held = held + 1
    ngx.ctx.held = id
    if not attending then
        attending = ngx.timer.at(0, run) and true or false
    end
    return waiters
end

-- In the access phase, or when a client that waited has gone.
function hold.leave(id)
    local waiters = waiting[id]
    waiters.count = waiters.count - 1
    held = held - 1
    ngx.ctx.held = nil
    if waiters.count == 0 then
        waiting[id] = nil
    end
end

local function is_full(id)
    local waiters = waiting[id]
    return held >= settings.most_held or (waiters and waiters.count >= settings.most_held_of_app)
end

-- When its time is up, and when a browser gets the waiting page. A browser that was shown it comes back as a new request:
-- its boot timeout began with the first one that found the app like this.
local function times_of(id)
    local start, key = ngx.req.start_time(), "held since " .. id
    shared:add(key, start, settings.boot_timeout + 5)
    if not waiting_page.is_for() then
        return start + settings.boot_timeout, math.huge
    end
    return (shared:get(key) or start) + settings.boot_timeout, start + settings.waiting_page
end

-- Returns the app when it can be served; else what to answer: a function and its arguments.
local function wait(app, waiters)
    local id = app.id
    local deadline, page_at = times_of(id)
    local asleep, woken = app.state == "idle", false
    while true do
        local time = now()
        -- Less than nginx's clock can tell would not be a wait at all, and the clock stands still without one.
        if deadline - time < 0.001 then
            shared:delete("held since " .. id)
            return nil, fail.now, "H20", id
        elseif page_at - time < 0.001 then
            return nil, waiting_page.send, id
        end
        waiters.semaphore:wait(math.min(deadline, page_at) - time)
        app = routes.apps[id]
        if not app or wake.is_gone(app) then
            return nil, fail.no_such_app
        end
        local problem = usable.obstacle(app)
        if problem == nil then
            shared:delete("held since " .. id)
            return app
        elseif problem ~= true then
            return nil, fail.now, problem, id
        end
        woken = woken or (asleep and app.state ~= "idle")
        asleep = app.state == "idle"
        -- Asleep again: what was woken did not boot.
        if asleep and woken then
            shared:delete("held since " .. id)
            return nil, fail.now, "H20", id
        end
    end
end

-- Returns the app as soon as it can be served, or ends the request with what is to be said instead.
function hold.until_usable(app)
    local id = app.id
    if is_full(id) then
        return fail.now("H11", id)
    end
    start.was_its_own()
    local found, answer, what, whose_it_is = wait(app, enter(id))
    hold.leave(id)
    if found then
        return found
    end
    whose.forget()
    return answer(what, whose_it_is)
end

return hold
