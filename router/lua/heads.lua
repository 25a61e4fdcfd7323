-- Heads of requests: nearly every one is as simple as can be, and the others are looked at closer.

local ffi = require("ffi")
local hops = require("hops")
local raw = require("raw")

local text = ffi.string
local var = ngx.var
local variable = raw.variable

local HARMLESS = { ["keep-alive"] = true, ["Keep-Alive"] = true, ["close"] = true, ["Close"] = true }

local heads = {}

-- No body, no upgrade, no Connection that names headers, and nothing but the host in its Host. `host` is what nginx takes
-- it for.
function heads.are_simple(host)
    local bytes, size = variable("http_host")
    if size == 0 or text(bytes, size) ~= host then
        return false
    end
    local _, length = variable("content_length")
    local _, coding = variable("http_transfer_encoding")
    local _, upgrade = variable("http_upgrade")
    if length > 0 or coding > 0 or upgrade > 0 then
        return false
    end
    bytes, size = variable("http_connection")
    return size == 0 or HARMLESS[text(bytes, size)] == true
end

-- nginx takes nearly anything for a host; what has no form of one could mean another host to whoever reads it next.
-- A request of HTTP/0.9 has none, and its answer no head.
local function has_sound_host()
    local host = var.http_host
    if not host then
        return ngx.req.http_version() ~= 0.9
    end
    return host:find("^[%w._-]+:?%d?%d?%d?%d?%d?$") or host:find("^%[[%x:.]+%]:?%d?%d?%d?%d?%d?$")
end

-- An absolute-form request's own host wins over its Host header (RFC 9112, 3.2.2).
local function prefer_own_host()
    local own = var.request:match("^%S+ +%a[%w+.-]*://([^/?# ]+)")
    if own then
        var.edge_host = own
    end
end

-- Makes one that is not simple fit to be passed on; false when it cannot be.
function heads.mend()
    if not has_sound_host() or not hops.drop_named() then
        return false
    end
    prefer_own_host()
    return true
end

return heads
