-- Request ids in the form of version 4 UUIDs: unique, not secret. The front is a worker's own and random, the end counts
-- (from a random number on); both are made anew when the count is through.

local bit = require("bit")

local tohex = bit.tohex

local LAST = 0xffffffff

local ids = {}

local front, count = "", LAST

function ids.random_hex(length)
    local file = assert(io.open("/dev/urandom", "r"))
    local text = file:read(length / 2):gsub(".", function(character)
        return ("%02x"):format(character:byte())
    end)
    file:close()
    return text
end

local function renew()
    local hex = ids.random_hex(28)
    front = ("%s-%s-4%s-a%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 15), hex:sub(16, 18), hex:sub(19, 22))
    count = tonumber(hex:sub(23, 28), 16)
end

function ids.make()
    if count >= LAST then
        renew()
    end
    count = count + 1
    return front .. tohex(count)
end

-- Chances differ from worker to worker, too.
function ids.seed()
    math.randomseed(tonumber(ids.random_hex(12), 16))
end

return ids
