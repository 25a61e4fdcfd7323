-- A dyno's response before its first byte goes to the client: nginx 1.22 hands on some that are none.
--
-- What has no status line it takes for HTTP/0.9 and passes on without a head, and an interim response (1xx) for the final
-- one. Either way a dyno would write whole responses of its own making into a connection on which others' may follow.

local ffi = require("ffi")
local loads = require("loads")
local raw = require("raw")
local whose = require("whose")

local clear_header = ngx.req.clear_header
local current_load = loads.current
local header = ngx.header
local http_version = ngx.req.http_version
local variable = raw.variable
local var = ngx.var

local NO_TRANSFORM = "no-transform"

local reply = {}

-- nginx sends no head to what it takes for HTTP/0.9, that of an error page neither: the connection has to end.
local function cut_off()
    var.edge_failed = whose.app() or ""
    whose.forget()
    var.edge_code = "H17"
    ngx.status = 502
    return ngx.exit(ngx.ERROR)
end

-- What must not be transformed (RFC 9111, 5.2.2.6) goes out as it came: nginx compresses for who takes gzip.
function reply.keep_form()
    local pointer, size = variable("sent_http_cache_control")
    if size >= #NO_TRANSFORM and ffi.string(pointer, size):lower():find(NO_TRANSFORM, 1, true) then
        clear_header("Accept-Encoding")
    end
end

-- Of the router itself: what the cache did, which dyno a session stays with, and the app's Strict-Transport-Security, which
-- takes the place of what its dyno says: there must not be two (RFC 6797, 7.1).
function reply.add_own()
    local verdict, cookie, hsts = var.edge_verdict, var.edge_cookie, var.edge_hsts
    if verdict ~= "" then
        header["X-Cache"] = verdict
    end
    if hsts ~= "" then
        header["Strict-Transport-Security"] = hsts
    end
    if cookie ~= "" then
        local given = header["Set-Cookie"] or {}
        given = type(given) == "table" and given or { given }
        given[#given + 1] = cookie
        header["Set-Cookie"] = given
    end
end

-- A response of HTTP/0.9 has no headers, and a request of it never comes to a dyno. (To ask for the version each time would
-- cost LuaJIT its compiled code.)
local function has_no_head(load)
    local _, size = variable("sent_http_content_type")
    return (size == 0 or not load) and http_version() == 0.9
end

-- Whether the response can be passed on; ends it otherwise.
local function check(load)
    local status = ngx.status
    if has_no_head(load) then
        return cut_off()
    end
    if status == 204 then
        header["Content-Length"] = nil
    elseif status < 200 and not (status == 101 and var.edge_upgrade ~= "") then
        var.edge_code = "H17"
        return ngx.exit(502)
    end
    reply.keep_form()
end

-- On the way to a client.
function reply.edge()
    local load = current_load()
    if not load or load.app.adds then
        reply.add_own()
    end
    return check(load)
end

-- On the way to the HTTP cache, which hands on what the edge is to know.
function reply.mesh()
    local load = current_load()
    if load then
        var.edge_dyno = load.dyno.name
    end
    return check(load)
end

return reply
