-- How far the body of each answer got: nginx itself does not say whether what it passed on was the whole of it.

local base = require("resty.core.base")
local patience = require("patience")
local raw = require("raw")

local arg = ngx.arg
local get_request = base.get_request
local now = ngx.now
local request_key = raw.request

local answers = {}

local seen = {} -- by request: when the last piece passed, or true when all has
local before = {} -- by request: when the piece before that one passed

-- Called for each piece of each answer.
function answers.body()
    local id = request_key()
    if arg[2] then
        seen[id] = true
        return
    end
    local last = seen[id]
    if last == nil then
        patience.after_first_byte(get_request())
    else
        before[id] = last
    end
    seen[id] = now()
end

-- At a request's end: when its last piece passed if more should have come, else nil. Where nginx breaks an answer off it
-- passes one more piece, an empty one.
function answers.unfinished()
    local id = request_key()
    local state = seen[id]
    if state == nil then
        return nil
    end
    local last = before[id]
    seen[id], before[id] = nil, nil
    if state ~= true then
        return last or state
    end
end

return answers
