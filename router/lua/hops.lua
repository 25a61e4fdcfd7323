-- Headers that a request's Connection header names were meant for this hop alone (RFC 9110, 7.6.1).
--
-- What finds requests to look closer at (heads.lua) sees the first Connection line only, as nginx 1.22 does; a second one
-- behind a harmless first one is not followed, which hides nothing from anybody.

local clear_header = ngx.req.clear_header
local get_headers = ngx.req.get_headers

local MOST = 32

-- What a request means depends on these, whatever is said of them; the router sets the last ones itself.
local KEPT = {
    ["close"] = true,
    ["connection"] = true,
    ["keep-alive"] = true,
    ["upgrade"] = true,
    ["host"] = true,
    ["content-length"] = true,
    ["transfer-encoding"] = true,
    ["cookie"] = true,
    ["authorization"] = true,
    ["via"] = true,
    ["x-request-id"] = true,
    ["x-request-start"] = true,
    ["x-forwarded-for"] = true,
    ["x-forwarded-proto"] = true,
    ["x-forwarded-port"] = true,
}

local hops = {}

-- Drops them; false when there are so many names that nobody means them.
function hops.drop_named()
    local lines = get_headers(0)["connection"]
    local text = type(lines) == "table" and table.concat(lines, ",") or lines or ""
    local count = 0
    for name in text:lower():gmatch("[^,%s]+") do
        -- nginx would take an underscore for a dash.
        if not KEPT[name] and name:find("^[%w-]+$") then
            count = count + 1
            if count > MOST then
                return false
            end
            clear_header(name)
        end
    end
    return true
end

return hops
