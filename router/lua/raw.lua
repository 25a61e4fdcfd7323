-- nginx' variables as bytes: by the function of nginx' own on which lua-nginx-module builds `ngx.var`, whose hash of the
-- name is worked out once instead of each time; and, to set them, by that of lua-nginx-module.

local base = require("resty.core.base")
local bit = require("bit")
local ffi = require("ffi")
require("resty.core.var") -- declares the C functions

local C = ffi.C
local band = bit.band
local cast = ffi.cast
local get_request = base.get_request

ffi.cdef [[
/* ngx_str_t, ngx_variable_value_t */
typedef struct { size_t size; const char *bytes; } nomapaas_name;
typedef struct { uint32_t size_and_flags; unsigned char *bytes; } nomapaas_value;
uintptr_t ngx_hash_key(const char *bytes, size_t size);
nomapaas_value *ngx_http_get_variable(void *request, nomapaas_name *name, uintptr_t hash);
intptr_t ngx_atoi(const unsigned char *bytes, size_t size);
]]

local INTEGER = ffi.typeof("uintptr_t")
local SIZE, NOT_FOUND = 0x0fffffff, 0x40000000
local NO_NUMBER = -1
local FRACTION, POINT, ZERO, SPACE = 3, 46, 48, 32
local PROBLEM = 256

local scratch = ffi.new("unsigned char[64]")
local problem_text = ffi.new("unsigned char[?]", PROBLEM)
local problem_size = ffi.new("size_t[1]")

local raw = {}

-- A number that no other request under way has: where it lies in memory.
function raw.request()
    return tonumber(cast(INTEGER, get_request()))
end

local names = setmetatable({}, {
    __index = function(known, name)
        local made = { name = ffi.new("nomapaas_name", #name, name), hash = C.ngx_hash_key(name, #name) }
        known[name] = made
        return made
    end,
})

-- Where its bytes lie and how many they are; valid until the request ends. Names are in lower case.
function raw.variable(name)
    local known = names[name]
    local value = C.ngx_http_get_variable(get_request(), known.name, known.hash)
    if value == nil or band(value.size_and_flags, NOT_FOUND) ~= 0 then
        return nil, 0
    end
    return value.bytes, band(value.size_and_flags, SIZE)
end

-- Sets a variable that the configuration mentions to so many bytes, which are copied. Names have at most 64 characters.
function raw.set(name, bytes, size)
    problem_size[0] = PROBLEM
    if C.ngx_http_lua_ffi_var_set(get_request(), name, #name, scratch, bytes, size, problem_text, problem_size) ~= 0 then
        error(ffi.string(problem_text, problem_size[0]))
    end
end

-- The number that it is; nil when it is none.
function raw.number(name)
    local pointer, size = raw.variable(name)
    local number = size > 0 and tonumber(C.ngx_atoi(pointer, size)) or NO_NUMBER
    return number ~= NO_NUMBER and number or nil
end

-- Milliseconds, of the last one in a list of nginx's seconds ("0.003", or "0.000, 0.003" after another try); nil for none.
-- Without a loop, which would end what LuaJIT compiles in one piece.
function raw.milliseconds(name)
    local pointer, size = raw.variable(name)
    local point = size - FRACTION - 1
    if point < 1 or pointer[point] ~= POINT then
        return nil
    end
    local seconds = pointer[point - 1] - ZERO
    if point > 1 and pointer[point - 2] ~= SPACE then
        seconds = tonumber(ffi.string(pointer, point):match("%d+$"))
    end
    return seconds * 1000 + pointer[point + 1] * 100 + pointer[point + 2] * 10 + pointer[point + 3] - ZERO * 111
end

return raw
