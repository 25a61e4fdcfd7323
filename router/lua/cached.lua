-- The edge's side of the HTTP cache: which requests go to Varnish, whether Varnish answers, what became of them.

local affinity = require("affinity")
local ffi = require("ffi")
local ids = require("ids")
local lrucache = require("resty.lrucache")
local metrics = require("metrics")
local reply = require("reply")
local settings = require("settings")
local whose = require("whose")

local counts = ngx.shared.cache_counts
local now = ngx.now
local var = ngx.var

local PERIOD = 0.1
local PATIENCE = 0.8
local AFTERWARDS = 10 -- seconds of watching after the last request
local AWAY = 5 -- seconds for which an app that just failed is taken for one that is away
local MOST_FILES = 65536
local MOST_HOT = 8192
local ERROR = 599 -- as Varnish hands on what it was not itself that failed
local HOT = 10 -- seconds for which a copy is looked for

local NOTES = { HIT = " cache=hit", MISS = " cache=miss", PASS = " cache=pass", STALE = " cache=stale" }

ffi.cdef [[
struct nomapaas_sockaddr_un { unsigned short family; char path[110]; };
int getpeername(int fd, struct nomapaas_sockaddr_un *address, unsigned int *length);
int shutdown(int fd, int how);
]]

local cached = {}

local usable = true
local watching = false
local last_request = 0
local away_until = {} -- by app
local hot = lrucache.new(MOST_HOT) -- what was a hit lately: a look for a copy of anything else would leave its key behind

-- Ends every connection of this worker to Varnish, so that nobody waits for one that hangs: nginx sees their ends and
-- goes to the mesh instead.
local function cut_connections()
    local address = ffi.new("struct nomapaas_sockaddr_un")
    local length = ffi.new("unsigned int[1]")
    for fd = 3, MOST_FILES do
        length[0] = ffi.sizeof(address)
        address.path[0] = 0
        if ffi.C.getpeername(fd, address, length) == 0 and address.family == 1 and length[0] > 2
            and ffi.string(address.path, math.min(length[0] - 2, 108)):gsub("%z.*", "") == settings.cache_socket then
            ffi.C.shutdown(fd, 2)
        end
    end
end

-- Sends Varnish one request, of headers alone, and returns the status.
local function ask(head, seconds)
    local socket = ngx.socket.tcp()
    socket:settimeout(seconds * 1000)
    local ok, err = socket:connect("unix:" .. settings.cache_socket)
    if not ok then
        return nil, err
    end
    ok, err = socket:send(head .. "Host: nomapaas\r\nConnection: close\r\n\r\n")
    local line
    if ok then
        line, err = socket:receive("*l")
    end
    socket:close()
    return line and tonumber(line:match("^HTTP/1%.1 (%d+)")), err
end

local function watch(premature)
    while not premature and not ngx.worker.exiting() and now() - last_request < AFTERWARDS do
        local answers = ask("PING / HTTP/1.1\r\n", PATIENCE) == 204
        if usable and not answers then
            ngx.log(ngx.ERR, "Varnish does not answer; requests go without the cache")
            usable = false
            cut_connections()
        end
        usable = answers
        ngx.sleep(PERIOD)
    end
    -- The next request finds out by itself.
    usable = true
    watching = false
end

-- What the key of nginx' own short-lived copies begins with. No client can make up the same: part of it is secret. A
-- purge ends them all.
local function hot_key(app)
    local purges = counts:get("purges") or 0
    if app.purges ~= purges then
        app.purges = purges
        app.hot = ("%s %s %s %d"):format(counts:get("seed"), app.id, app.cache, purges)
    end
    return app.hot
end

-- Whether this request goes to the cache; all others of such an app are passed.
function cached.takes(app)
    last_request = now()
    if not watching then
        watching = ngx.timer.at(0, watch) and true or false
    end
    local method = ngx.req.get_method()
    if not usable or (method ~= "GET" and method ~= "HEAD")
        or var.http_content_length or var.http_transfer_encoding or var.http_upgrade then
        return false
    end
    local accept = var.http_accept
    if accept and accept ~= "*/*" and accept:find("text/event-stream", 1, true) then
        return false
    end
    var.edge_cached = app.cache
    if hot:get(app.id .. var.request_uri) then
        var.edge_hot = hot_key(app)
    end
    if app.size == 0 or (away_until[app.id] or 0) > last_request then
        var.edge_away = "1"
    end
    return true
end

-- Before the workers start.
function cached.prepare()
    counts:set("seed", ids.random_hex(32))
    counts:set("since", ngx.time())
end

-- At the end of a request that went to the cache: counts it and fills in what only the mesh knew. Returns the mesh's code,
-- and whether the answer was a kept one.
function cached.finish(app_id)
    local verdict = var.upstream_http_x_cache
    if not NOTES[verdict] then
        return nil
    end
    counts:incr(verdict .. app_id, 1, 0)
    if verdict ~= "PASS" then
        metrics.count_cache(app_id, verdict == "MISS" and "miss" or "hit")
    end
    var.edge_note = NOTES[verdict]
    if verdict == "HIT" then
        var.edge_connect = ""
        return nil, true
    end
    if var.upstream_http_x_nomapaas_away then
        away_until[app_id] = now() + AWAY
    end
    local dyno, connect = (var.upstream_http_x_nomapaas_dyno or ""):match("^(%S*) (%S*)$")
    var.edge_dyno, var.edge_connect = dyno or "", connect or ""
    return var.upstream_http_x_nomapaas_code, verdict == "STALE"
end

-- Before the first byte of an answer goes to the client. Which dyno a session stays with was told to the one client who
-- reached a dyno.
function cached.check()
    if ngx.status == ERROR then
        -- Of an app that says 599 itself there is none.
        ngx.status = tonumber(var.upstream_http_x_nomapaas_status) or ERROR
    end
    if var.upstream_http_x_accel_expires and var.edge_hot == "" then
        hot:set(whose.app() .. var.request_uri, true, HOT)
    end
    local cookie = var.upstream_http_x_nomapaas_cookie
    if cookie then
        affinity.give(cookie)
    end
    reply.add_own()
    reply.keep_form()
end

-- What a worker of nginx has seen since it was started.
function cached.counts(app_id)
    return {
        hits = counts:get("HIT" .. app_id) or 0,
        misses = counts:get("MISS" .. app_id) or 0,
        passes = counts:get("PASS" .. app_id) or 0,
        stale = counts:get("STALE" .. app_id) or 0,
        since = counts:get("since"),
        answers = ask("PING / HTTP/1.1\r\n", PATIENCE) == 204,
    }
end

local function hexadecimal(character)
    return ("\\x%02x"):format(character:byte())
end

-- Nothing but letters, digits and \xHH is left: no text can be more than itself, as a word or as an expression.
local function literal(text)
    return (text:gsub("[^%w]", hexadecimal))
end

-- Makes Varnish forget an app's responses of one URL, or of all that begin like it; `host` nil means any. True or nil
-- and why not.
function cached.purge(app_id, host, path, prefix)
    local start = host and "^" .. literal(host:lower()) or "^[^/]*"
    local expression = start .. literal(path) .. (prefix and "" or "$")
    local head = "BAN / HTTP/1.1\r\nX-Nomapaas-App: %s\r\nX-Nomapaas-Ban: %s\r\n"
    local status, err = ask(head:format(app_id, expression), 2)
    if status ~= 204 then
        return nil, err or status
    end
    counts:incr("purges", 1, 0)
    return true
end

return cached
