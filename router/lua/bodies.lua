-- Bodies of requests.

local var = ngx.var

local bodies = {}

-- Over HTTP/2 a body needs no header that announces it.
function bodies.announced()
    return var.content_length or var.http_transfer_encoding
end

return bodies
