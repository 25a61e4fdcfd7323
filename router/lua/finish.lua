-- When a request is over: its dyno is less busy, its line goes to the app's log.

local balance = require("balance")
local cached = require("cached")
local codes = require("codes")
local hold = require("hold")
local lines = require("lines")
local metrics = require("metrics")

local var = ngx.var

local finish = {}

-- What nginx cannot put together by itself: the line of a failure, and one with characters to escape.
local function compose(app_id, verdict)
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
        "status=" .. var.status,
        "bytes=" .. var.body_bytes_sent,
        "protocol=" .. var.scheme .. var.edge_note,
    }, " ")
end

local function write_failure(app_id, code)
    -- The waiting page is no failure.
    if code == "" then
        metrics.finish(ngx.status)
        return lines.add(compose(app_id, "at=info"))
    end
    metrics.finish(ngx.status, code)
    lines.add(compose(app_id, ('at=error code=%s desc="%s"'):format(code, codes[code].desc)))
end

local function write_request()
    if not lines.add_variable("edge_line") then
        lines.add(compose(var.edge_app, "at=info"))
    end
end

-- Of a request that went to the HTTP cache.
local function finish_cached(status)
    local app_id = var.edge_app
    local code = cached.finish(app_id)
    if code or status == 499 then
        return write_failure(app_id, codes[code] and code or "H27")
    end
    metrics.finish(status)
    return write_request()
end

function finish.log()
    local status = ngx.status
    local key = var.edge_key
    if key ~= "" then
        balance.release(key, status < 499)
    elseif var.edge_cached ~= "" then
        return finish_cached(status)
    end
    if status >= 499 then
        local held = ngx.ctx.held
        if held then
            hold.leave(held)
        end
        local app_id = var.edge_failed
        if app_id ~= "" then
            return write_failure(app_id, var.edge_code)
        end
        app_id = var.edge_app
        if status == 499 and app_id ~= "" then
            return write_failure(app_id, "H27")
        end
    end
    metrics.finish(status)
    if key ~= "" then
        write_request()
    end
end

-- The second way of a request through nginx, from the HTTP cache to a dyno: its line is written where it began.
function finish.mesh()
    local key, held = var.edge_key, ngx.ctx.held
    if key ~= "" then
        balance.release(key, ngx.status < 499)
    elseif held then
        hold.leave(held)
    end
end

return finish
