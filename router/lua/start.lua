-- When a request began, in ms, as X-Request-Start tells its dyno.

local ffi = require("ffi")
local raw = require("raw")

local now = ngx.now
local set = raw.set

local DIGITS = 13 -- until the year 2286

local start = {}

-- The last moment that was told, in digits: many requests have the same.
local text = ffi.new("unsigned char[?]", DIGITS)
local told

local function give(time)
    if time ~= told then
        told = time
        ffi.copy(text, ("%013.0f"):format(time * 1000), DIGITS)
    end
    set("edge_start", text, DIGITS)
end

-- For a request that goes to a dyno at once.
function start.is_now()
    give(now())
end

-- For one that is going to wait.
function start.was_its_own()
    give(ngx.req.start_time())
end

return start
