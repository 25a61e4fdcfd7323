-- Bodies of requests.

local raw = require("raw")

local var = ngx.var
local variable = raw.variable

local MAJOR, TWO = 5, 50 -- where the 2 of "HTTP/2.0" stands

local bodies = {}

function bodies.announced()
    return var.content_length or var.http_transfer_encoding
end

-- Over HTTP/2 a body needs no header that announces it. (ngx.req.http_version is none that LuaJIT compiles.)
function bodies.need_no_announcement()
    local pointer, size = variable("server_protocol")
    return size > MAJOR and pointer[MAJOR] == TWO
end

return bodies
