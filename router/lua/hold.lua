-- Requests that wait for their app. One timer a worker looks for a newer table while anybody waits, and nothing runs
-- when nobody does.

local semaphore = require("ngx.semaphore")
local routes = require("routes")

local POLL = 0.02

local hold = {}

local waiting = {} -- by app: { semaphore, count }
local held = 0
local polling = false

local function wake_all()
    for _, waiters in pairs(waiting) do
        waiters.semaphore:post(waiters.count)
    end
end

local function poll(premature)
    while held > 0 and not premature and not ngx.worker.exiting() do
        if routes.refresh() then
            wake_all()
        end
        ngx.sleep(POLL)
    end
    polling = false
end

local function start_polling()
    if not polling then
        polling = ngx.timer.at(0, poll) and true or false
    end
end

-- Waits for a change of the table, at most that many seconds.
function hold.wait(app_id, seconds)
    local waiters = waiting[app_id] or { semaphore = semaphore.new(0), count = 0 }
    waiting[app_id] = waiters
    waiters.count = waiters.count + 1
    held = held + 1
    start_polling()
    waiters.semaphore:wait(seconds)
    waiters.count = waiters.count - 1
    held = held - 1
    if waiters.count == 0 then
        waiting[app_id] = nil
    end
end

return hold
