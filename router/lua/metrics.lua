-- What this worker counts of each app: what is in flight, how requests ended, how long they took. Every two seconds the
-- node agent is told what was counted since then; a report without news says that nothing happened, which is not the same
-- as a report that does not come. What could not be sent is counted on.
--
-- A request is found again at its end by its address in memory: however it ends, nginx comes to the log phase, and the
-- way there (held, tried again, failed, taken over) does not matter. Counting makes no string and no table.

local buckets = require("buckets")
local cjson = require("cjson.safe")
local clear = require("table.clear")
local lines = require("lines")
local raw = require("raw")

local bucket_of = buckets.of
local floor = math.floor
local number = raw.number
local request = raw.request

local PERIOD = 2
local DATAGRAM = 48000
local IDLE_PERIODS = 30 -- an app's tables are kept for so long without news
local SWITCHING_PROTOCOLS = 101

local metrics = {}

local apps = {} -- by id
local running = {} -- the app of each request that is under way
local head
local ending, armed = false, false

local function new(app_id)
    local app = {
        id = app_id,
        in_flight = 0,
        queue = 0,
        longest_queue = 0,
        requests = 0,
        sent = 0,
        hits = 0,
        misses = 0,
        statuses = { 0, 0, 0, 0, 0 },
        codes = {},
        connect = {},
        service = {},
        news = false,
        periods = 0,
    }
    apps[app_id] = app
    return app
end

local function count_time(counts, ms)
    if ms then
        local bucket = bucket_of(ms)
        counts[bucket] = (counts[bucket] or 0) + 1
    end
end

local function leave(key, app)
    running[key] = nil
    app.in_flight = app.in_flight - 1
    app.news = true
end

-- A request for this app begins. Nothing happens if it has begun already.
function metrics.begin(app_id)
    local key, app = request(), apps[app_id] or new(app_id)
    local before = running[key]
    if before == app then
        return
    elseif before then
        leave(key, before)
    end
    running[key] = app
    app.in_flight = app.in_flight + 1
    app.news = true
end

local report

-- In the log phase; `code` is the router's own, if it answered; `connect` and `service` are a dyno's times in ms, if any.
function metrics.finish(status, code, connect, service)
    local key = request()
    local app = running[key]
    if not app then
        return
    end
    leave(key, app)
    app.requests = app.requests + 1
    local class = floor(status / 100)
    local statuses = app.statuses
    if statuses[class] then
        statuses[class] = statuses[class] + 1
    end
    if code then
        app.codes[code] = (app.codes[code] or 0) + 1
    end
    app.sent = app.sent + (number("body_bytes_sent") or 0)
    -- How long a connection was used says nothing of how fast the app is.
    if status ~= SWITCHING_PROTOCOLS and not (code and ngx.status == SWITCHING_PROTOCOLS) then
        count_time(app.connect, connect)
        count_time(app.service, service)
    end
    if ending and not armed then
        armed = ngx.timer.at(0, report) and true or false
    end
end

-- The cache answered for this app (`hit`), or had to ask it (anything else).
function metrics.count_cache(app_id, verdict)
    local app = apps[app_id] or new(app_id)
    if verdict == "hit" then
        app.hits = app.hits + 1
    else
        app.misses = app.misses + 1
    end
    app.news = true
end

-- So many of the app's requests wait for a dyno with room in this worker, from now on.
function metrics.queue(app_id, waiting)
    local app = apps[app_id] or new(app_id)
    app.queue = waiting
    if waiting > app.longest_queue then
        app.longest_queue = waiting
    end
    app.news = true
end

-- A list of bucket, count, bucket, count; nil for none, because cjson would call an empty list an object.
local function flat(counts)
    local list = next(counts) and {} or nil
    for bucket, count in pairs(counts) do
        list[#list + 1] = bucket
        list[#list + 1] = count
    end
    return list
end

local function describe(app)
    return cjson.encode({
        app = app.id,
        in_flight = app.in_flight,
        queue = app.longest_queue,
        requests = app.requests,
        statuses = app.statuses,
        codes = app.codes,
        sent = app.sent,
        connect = flat(app.connect),
        service = flat(app.service),
        hits = app.hits,
        misses = app.misses,
    })
end

local function start_anew(app)
    app.longest_queue = app.queue
    app.requests, app.sent, app.hits, app.misses = 0, 0, 0, 0
    for class = 1, #app.statuses do
        app.statuses[class] = 0
    end
    clear(app.codes)
    clear(app.connect)
    clear(app.service)
    app.news = false
    app.periods = 0
end

-- Nothing else runs between the reading of the counts and their end, because sending does not wait.
local function send(socket, texts, told)
    if not socket:send(head .. table.concat(texts, ",") .. "]}") then
        return false
    end
    for _, app in ipairs(told) do
        start_anew(app)
    end
    return true
end

local function send_all(socket)
    local texts, told, size, heard = {}, {}, 0, false
    for id, app in pairs(apps) do
        if app.news or app.in_flight > 0 or app.queue > 0 then
            local text = describe(app)
            if size + #text > DATAGRAM then
                if not send(socket, texts, told) then
                    return
                end
                texts, told, size, heard = {}, {}, 0, true
            end
            texts[#texts + 1] = text
            told[#told + 1] = app
            size = size + #text + 1
        else
            app.periods = app.periods + 1
            if app.periods > IDLE_PERIODS then
                apps[id] = nil
            end
        end
    end
    if texts[1] or not heard then
        send(socket, texts, told)
    end
end

report = function(premature)
    armed = false
    -- From here on there is no next period: each further end is told at once.
    ending = ending or premature
    local socket = lines.connect()
    if socket then
        send_all(socket)
        socket:close()
    end
end

-- Once in each worker.
function metrics.start()
    head = ('#metrics {"worker":"%d.%d","slot":%d,"of":%d,"apps":['):format(
        ngx.worker.pid(), ngx.now() * 1000, ngx.worker.id(), ngx.worker.count())
    ngx.timer.at(0, report)
    ngx.timer.every(PERIOD, report)
end

return metrics
