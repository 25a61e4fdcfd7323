-- When a request is over: its dyno is less busy, its line goes to the app's log.

local answers = require("answers")
local backlog = require("backlog")
local cached = require("cached")
local codes = require("codes")
local entry = require("entry")
local hold = require("hold")
local lines = require("lines")
local loads = require("loads")
local metrics = require("metrics")
local raw = require("raw")
local settings = require("settings")
local whose = require("whose")

local add_entry = entry.add
local milliseconds = raw.milliseconds
local now = ngx.now
local var = ngx.var
local variable = raw.variable

local finish = {}

-- With strings: the line of a failure, and one with characters to escape.
local function compose(app_id, dyno, verdict, status)
    local escape = lines.escape
    return table.concat({
        app_id,
        verdict,
        "method=" .. escape(var.request_method),
        'path="' .. escape(var.request_uri) .. '"',
        "host=" .. escape(var.host),
        "request_id=" .. var.edge_request_id,
        'fwd="' .. escape(var.edge_fwd) .. '"',
        "dyno=" .. dyno,
        "connect=" .. var.edge_connect,
        "service=" .. var.edge_service,
        "status=" .. status,
        "bytes=" .. var.body_bytes_sent,
        "protocol=" .. var.edge_protocol .. var.edge_note,
    }, " ")
end

-- A time that was noted for the line, "12ms", as a number; nil for none.
local function noted(name)
    return tonumber(var[name]:match("^%d+"))
end

-- `load` is that of the dyno that had the request to the end. What the cache kept took no dyno's time.
local function write_failure(app_id, load, code, kept)
    local dyno = load and load.dyno.name or var.edge_dyno
    -- The waiting page is no failure.
    if code == "" then
        metrics.finish(ngx.status)
        return lines.add(compose(app_id, dyno, "at=info", var.status))
    end
    local about = codes[code]
    if kept then
        metrics.finish(about.status, code)
    else
        metrics.finish(about.status, code, noted("edge_connect"), noted("edge_service"))
    end
    local sock = about.sock and "sock=" .. about.sock .. " " or ""
    local cause = code == "H26" and ' cause="bad chunk"' or ""
    local verdict = ('%sat=%s code=%s desc="%s"%s'):format(sock, about.at or "error", code, about.desc, cause)
    lines.add(compose(app_id, dyno, verdict, about.status))
end

local function write_request(app_id, dyno, connect, service, status, note)
    local _, odd = variable("edge_odd")
    if odd == 0 then
        return add_entry(app_id, dyno, connect, service, status, note)
    end
    return lines.add(compose(app_id, dyno, "at=info", status))
end

-- Why an answer ended before its end: the client went, the dyno did, or nothing came for too long.
local function interruption(last_piece)
    local over = ngx.worker.exiting() and "H24"
    if var.request_completion ~= "OK" then
        return over or "H27"
    end
    -- nginx's clock may be behind by as much as one turn of its event loop takes.
    local waited = now() - (var.status == "101" and ngx.req.start_time() or last_piece)
    return waited >= settings.idle_timeout - 0.1 and "H15" or "H18"
end

-- What a dyno answered has its status in nginx's list; what nginx says by itself has none there.
local function is_nginxs_own()
    local status = var.upstream_status
    return not status or status == "-"
end

-- The code of a request that ended in no ordinary way, though none was noted.
local function diagnosis(status, last_piece)
    if status == 499 then
        return ngx.worker.exiting() and "H24" or "H27"
    elseif status == 408 and is_nginxs_own() then
        return "H28"
    elseif status == 400 and is_nginxs_own() then
        return "H26"
    end
    return last_piece and interruption(last_piece)
end

-- Of a request that went to the HTTP cache. From what it kept nobody connected to a dyno.
local function finish_cached(app_id, status)
    local code, kept = cached.finish(app_id)
    if code or status == 499 then
        return write_failure(app_id, nil, codes[code] and code or "H27", kept)
    end
    local connect, service = noted("edge_connect"), milliseconds("upstream_response_time")
    if kept then
        metrics.finish(status)
    else
        metrics.finish(status, nil, connect, service)
    end
    write_request(app_id, var.edge_dyno, connect, service, status, var.edge_note)
end

-- Of a client that went while its request waited.
local function leave_queues()
    local ctx = ngx.ctx
    if ctx.held then
        hold.leave(ctx.held)
    end
    if ctx.queued then
        backlog.abandon(ctx.queued)
    end
end

-- Of a request that ended as it should, here or at its dyno.
local function finish_plain(app_id, load, status)
    local connect, service = milliseconds("upstream_connect_time"), milliseconds("upstream_response_time")
    metrics.finish(status, nil, connect, service)
    -- A redirect to TLS has no dyno.
    if load or (status < 400 and app_id) then
        write_request(app_id, load and load.dyno.name or "", connect, service, status, "")
    end
end

function finish.log()
    local status = ngx.status
    local last_piece = answers.unfinished()
    local app_id, load = whose.app(), loads.release(status < 499)
    whose.forget()
    if not load and var.edge_cached ~= "" then
        return finish_cached(app_id, status)
    end
    if status >= 499 or last_piece or status == 408 or status == 400 then
        leave_queues()
        local failed = var.edge_failed
        if failed ~= "" then
            return write_failure(failed, load, var.edge_code)
        end
        local code = app_id and diagnosis(status, last_piece)
        if code then
            return write_failure(app_id, load, code)
        end
    end
    return finish_plain(app_id, load, status)
end

-- The second way of a request through nginx, from the HTTP cache to a dyno: its line is written where it began.
function finish.mesh()
    answers.unfinished()
    whose.forget()
    if not loads.release(ngx.status < 499) then
        leave_queues()
    end
end

return finish
