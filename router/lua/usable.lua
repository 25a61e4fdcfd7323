-- Can a request for an app be served now?

local wake = require("wake")

local usable = {}

-- Why not: a code, or true when waiting may help, or nil when it can be.
function usable.obstacle(app)
    if app.maintenance then
        return "H80"
    end
    local state = app.state
    if state == "down" then
        return app.blank and "H81" or "H14"
    end
    if app.size > 0 then
        -- A sleeping app's dyno may be on its way out, or frozen: it has to be woken first.
        return state == "idle" and not wake.allows(app) or nil
    end
    return state == "crashed" and "H10" or true
end

return usable
