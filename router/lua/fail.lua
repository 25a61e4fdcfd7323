-- Ends a request with a code of the router: the page for the client, the words for the app's log.

local balance = require("balance")
local bodies = require("bodies")
local codes = require("codes")
local loads = require("loads")
local pages = require("pages")
local routes = require("routes")
local whose = require("whose")

local var = ngx.var

local fail = {}

local PAGES = { H80 = pages.maintenance, H81 = pages.blank, H99 = pages.platform }

local function note(code, app_id)
    whose.forget()
    var.edge_failed = app_id
    var.edge_code = code
    var.edge_cookie = ""
end

local function show(code, app_id)
    local app = routes.apps[app_id]
    local own = app and (code == "H80" and app.maintenance_page or code ~= "H80" and app.error_page)
    return pages.send(codes[code].status, PAGES[code] or pages.error, own)
end

-- In the access phase.
function fail.now(code, app_id)
    note(code, app_id)
    return show(code, app_id)
end

function fail.no_such_app()
    if (ngx.shared.edge:get("version") or 0) == 0 then
        return pages.send(503, pages.platform)
    end
    return pages.send(404, pages.no_such_app)
end

local function last(list)
    return tonumber((list or ""):match("(%d+)$"))
end

-- What made nginx give up on the last dyno. H99 when it was no dyno: nginx has no connection left or no file to make one
-- of, or our own code raised an error.
local function diagnosis()
    local status = last(var.upstream_status)
    if status ~= 502 and status ~= 504 then
        return "H99"
    end
    if (last(var.upstream_bytes_sent) or 0) == 0 then
        return status == 504 and "H19" or "H21"
    end
    if status == 504 then
        return "H12"
    end
    return (last(var.upstream_bytes_received) or 0) > 0 and "H17" or "H13"
end

-- Where nginx comes when it cannot answer with what a dyno said. What has a body may end before all of it was read, and
-- nginx closes the connection then, as it does after an answer that was taken back, which has a code already: the answer
-- says so, lest the client sends its next request into the closing.
function fail.upstream()
    if var.edge_code ~= "" or bodies.announced() then
        return ngx.exec("@failed_early")
    end
    return fail.explain()
end

function fail.explain()
    local code = var.edge_code
    if code == "" then
        code = diagnosis()
    end
    if code == "H21" or code == "H19" then
        -- A try that was given up is none of that dyno's any more, and it was dealt with then.
        local load = loads.current()
        if load then
            balance.put_out(load)
        end
    end
    local app_id = whose.app() or ""
    note(code, app_id)
    return show(code, app_id)
end

return fail
