-- A dyno's response before its first byte goes to the client: nginx 1.22 hands on some that are none.
--
-- What has no status line it takes for HTTP/0.9 and passes on without a head, and an interim response (1xx) for the final
-- one. Either way a dyno would write whole responses of its own making into a connection on which others' may follow.

local ffi = require("ffi")
local raw = require("raw")

local clear_header = ngx.req.clear_header
local http_version = ngx.req.http_version
local variable = raw.variable
local var = ngx.var

local NO_TRANSFORM = "no-transform"

local reply = {}

-- nginx sends no head to what it takes for HTTP/0.9, that of an error page neither: the connection has to end.
local function cut_off()
    var.edge_failed = var.edge_app
    var.edge_app = ""
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

function reply.check()
    local status = ngx.status
    -- It has no number for HTTP/1.2, which is answered as HTTP/1.1.
    if http_version() == 0.9 then
        return cut_off()
    end
    if status == 204 then
        ngx.header["Content-Length"] = nil
    elseif status < 200 and not (status == 101 and var.edge_upgrade ~= "") then
        var.edge_code = "H17"
        return ngx.exit(502)
    end
    reply.keep_form()
end

return reply
