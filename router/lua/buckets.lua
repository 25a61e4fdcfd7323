-- Times as numbers of buckets, the same as in control/node/histogram.py: one for each millisecond below 32, then 16 for
-- every doubling.

local rshift = require("bit").rshift

local LONGEST = 4194303 -- ms

local buckets = {}

function buckets.of(ms)
    if ms < 32 then
        return ms
    end
    if ms > LONGEST then
        ms = LONGEST
    end
    local first = 32
    while ms >= 64 do
        ms = rshift(ms, 1)
        first = first + 16
    end
    return first + rshift(ms, 1) - 16
end

return buckets
