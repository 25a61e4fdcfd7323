-- When a request is over: its dyno is less busy, its line goes to the app's log.

local answers = require("answers")
local backlog = require("backlog")
local cached = require("cached")
local codes = require("codes")
local hold = require("hold")
local lines = require("lines")
local loads = require("loads")
local metrics = require("metrics")
local settings = require("settings")

local now = ngx.now
local var = ngx.var

local finish = {}

-- What nginx cannot put together by itself: the line of a failure, and one with characters to escape.
local function compose(app_id, verdict, status)
    local escape = lines.escape
    return table.concat({
        app_id,
        verdict,
        "method=" .. escape(var.request_method),
        'path="' .. escape(var.request_uri) .. '"',
        "host=" .. escape(var.host),
        "request_id=" .. var.edge_request_id,
        'fwd="' .. escape(var.edge_fwd) .. '"',
        "dyno=" .. var.edge_dyno,
        "connect=" .. var.edge_connect,
        "service=" .. var.edge_service,
        "status=" .. status,
        "bytes=" .. var.body_bytes_sent,
        "protocol=" .. var.edge_protocol .. var.edge_note,
    }, " ")
end

local function write_failure(app_id, code, kept)
    -- The waiting page is no failure.
    if code == "" then
        metrics.finish(ngx.status)
        return lines.add(compose(app_id, "at=info", var.status))
    end
    local about = codes[code]
    metrics.finish(about.status, code, kept)
    local sock = about.sock and "sock=" .. about.sock .. " " or ""
    local cause = code == "H26" and ' cause="bad chunk"' or ""
    local verdict = ('%sat=%s code=%s desc="%s"%s'):format(sock, about.at or "error", code, about.desc, cause)
    lines.add(compose(app_id, verdict, about.status))
end

local function write_request()
    if not lines.add_variable("edge_line") then
        lines.add(compose(var.edge_app, "at=info", var.status))
    end
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

-- Of a request that went to the HTTP cache.
local function finish_cached(status)
    local app_id = var.edge_app
    local code, kept = cached.finish(app_id)
    if code or status == 499 then
        return write_failure(app_id, codes[code] and code or "H27", kept)
    end
    metrics.finish(status, nil, kept)
    return write_request()
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

function finish.log()
    local status = ngx.status
    local last_piece = answers.unfinished()
    local from_dyno = loads.release(status < 499)
    if not from_dyno and var.edge_cached ~= "" then
        return finish_cached(status)
    end
    if status >= 499 or last_piece or status == 408 or status == 400 then
        leave_queues()
        local app_id = var.edge_failed
        if app_id ~= "" then
            return write_failure(app_id, var.edge_code)
        end
        app_id = var.edge_app
        local code = app_id ~= "" and diagnosis(status, last_piece)
        if code then
            return write_failure(app_id, code)
        end
    end
    metrics.finish(status)
    -- A redirect to TLS has no dyno.
    if from_dyno or (status < 400 and var.edge_app ~= "") then
        write_request()
    end
end

-- The second way of a request through nginx, from the HTTP cache to a dyno: its line is written where it began.
function finish.mesh()
    answers.unfinished()
    if not loads.release(ngx.status < 499) then
        leave_queues()
    end
end

return finish
