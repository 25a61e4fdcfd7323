-- The line of a request for its app's log, put together from nginx' variables where they lie. As Lua strings, lines and
-- most of their parts would differ in places that LuaJIT's string hash does not look at, and thousands of equal hashes
-- cost more than the proxying itself.

local ffi = require("ffi")
local lines = require("lines")
local raw = require("raw")

local copy = ffi.copy
local variable = raw.variable

local LONGEST = lines.LONGEST
local MOST_KNOWN = 10000 -- whose digits are kept

local entry = {}

local text = ffi.new("unsigned char[?]", LONGEST)
local used = 0

local function add(pointer, size)
    if size > LONGEST - used then
        size = LONGEST - used
    end
    copy(text + used, pointer, size)
    used = used + size
end

local function put(words)
    add(words, #words)
end

local function put_variable(name)
    local pointer, size = variable(name)
    if size > 0 then
        add(pointer, size)
    end
end

local decimals = setmetatable({}, {
    __index = function(known, number)
        local words = ("%d"):format(number)
        if number < MOST_KNOWN then
            known[number] = words
        end
        return words
    end,
})

local function put_milliseconds(number)
    if number then
        put(decimals[number])
        put("ms")
    end
end

-- Adds the line of a request that went as it should; `connect` and `service` are in ms, nil for none. What came with the
-- request has nothing in it that would have to be escaped.
function entry.add(app_id, dyno, connect, service, status, note)
    used = 0
    put(app_id)
    put(" at=info ")
    put_variable("edge_asked")
    put(" dyno=")
    put(dyno)
    put(" connect=")
    put_milliseconds(connect)
    put(" service=")
    put_milliseconds(service)
    put(" status=")
    put(decimals[status])
    put_variable("edge_sent")
    put(note)
    lines.add(text, used)
end

return entry
