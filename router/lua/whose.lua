-- Whose each request is that is under way: the app that will answer it. By the request's address in memory: a variable of
-- nginx' would be looked up by its name each time, which costs thirty times as much.

local raw = require("raw")

local request = raw.request

local whose = {}

local app_of = {} -- by request

-- The id of the app; nil when it is none's, or the router answers it by itself.
function whose.app()
    return app_of[request()]
end

function whose.set(app_id)
    app_of[request()] = app_id
end

function whose.forget()
    app_of[request()] = nil
end

return whose
