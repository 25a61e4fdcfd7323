-- Request ids in the form of version 4 UUIDs: unique, not secret. The front is a worker's own and random, the end counts
-- (from a random number on); both are made anew when the count is through.

local bit = require("bit")
local ffi = require("ffi")
local raw = require("raw")

local band = bit.band
local rshift = bit.rshift
local set = raw.set

local LAST = 0xffffffff
local LENGTH, DIGITS = 36, 8

local ids = {}

-- The id of the request before. No string is made of it, neither here nor there: see lines.lua.
local id = ffi.new("unsigned char[?]", LENGTH)
local last = ffi.cast("uint16_t *", id + LENGTH - DIGITS)
local hex_of = ffi.new("uint16_t[256]") -- two digits for each byte
for byte = 0, 255 do
    ffi.copy(hex_of + byte, ("%02x"):format(byte), 2)
end
local count = LAST

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
    local front = ("%s-%s-4%s-a%s-%s"):format(
        hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 15), hex:sub(16, 18), hex:sub(19, 22))
    ffi.copy(id, front, LENGTH - DIGITS)
    count = tonumber(hex:sub(23, 28), 16)
end

-- Gives this request one. Without a loop, which would end what LuaJIT compiles in one piece.
function ids.give()
    if count >= LAST then
        renew()
    end
    count = count + 1
    last[0] = hex_of[rshift(count, 24)]
    last[1] = hex_of[band(rshift(count, 16), 255)]
    last[2] = hex_of[band(rshift(count, 8), 255)]
    last[3] = hex_of[band(count, 255)]
    set("edge_uuid", id, LENGTH)
end

-- In each new worker: no request has to wait for the system's random numbers, and chances differ, too.
function ids.seed()
    renew()
    math.randomseed(tonumber(ids.random_hex(12), 16))
end

return ids
