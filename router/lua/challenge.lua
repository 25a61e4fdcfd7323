-- Below /.well-known/acme-challenge/: what the platform itself waits for is answered here, the rest is the app's.

local certs = require("certs")
local route = require("route")

local challenge = {}

function challenge.access()
    local answer = certs.challenge(ngx.var.uri:match("^/%.well%-known/acme%-challenge/([^/]+)$"))
    if not answer then
        return route.access()
    end
    ngx.header["Content-Type"] = "application/octet-stream"
    ngx.print(answer)
    return ngx.exit(ngx.HTTP_OK)
end

return challenge
