-- Session affinity: a browser's requests go to the dyno that answered its first one.
--
-- The cookie holds a digest of the dyno's allocation. It is looked up among the dynos of the app that the host leads to
-- and nowhere else, so that no value of it, however made, names another app's dyno; and no address can be read from it.

local settings = require("settings")

local now = ngx.now
local var = ngx.var

local COOKIE = "heroku-session-affinity"
local NAME = "cookie_" .. COOKIE
local SECONDS = 86400

local affinity = {}

local function token(dyno)
    if not dyno.token then
        dyno.token = ngx.md5(dyno.app .. " " .. dyno.alloc)
    end
    return dyno.token
end

-- The dyno that the request's cookie names, if it can take the request.
function affinity.pinned(app)
    local wanted = var[NAME]
    if not wanted then
        return nil
    end
    for _, dyno in ipairs(app.pool) do
        if token(dyno) == wanted then
            local load = dyno.load
            return load.out_until <= now() and load.count < settings.dyno_requests and dyno or nil
        end
    end
end

-- Hands a cookie to the client; from Varnish to the mesh nothing is encrypted, so that only the edge can say `Secure`.
function affinity.give(cookie)
    var.edge_cookie = cookie .. (var.edge_proto == "https" and "; Secure" or "")
end

-- Tells the browser which dyno its next requests go to, unless it knows.
function affinity.pin(dyno)
    local value = token(dyno)
    if var[NAME] == value then
        var.edge_cookie = ""
        return
    end
    affinity.give(COOKIE .. "=" .. value .. "; Max-Age=" .. SECONDS .. "; Path=/; HttpOnly; SameSite=Lax")
end

return affinity
