-- nginx' variables as bytes, by the functions on which lua-resty-core builds its `ngx.var`.

local base = require("resty.core.base")
local ffi = require("ffi")
require("resty.core.var") -- declares the C functions

local C = ffi.C
local cast = ffi.cast
local get_request = base.get_request

local INTEGER = ffi.typeof("uintptr_t")

local value = ffi.new("char *[1]")
local length = ffi.new("size_t[1]")
local problem = ffi.new("char *[1]")
local scratch = ffi.new("unsigned char[64]")
local PROBLEM = 256
local problem_text = ffi.new("unsigned char[?]", PROBLEM)
local problem_size = ffi.new("size_t[1]")

local raw = {}

-- A number that no other request under way has: where it lies in memory.
function raw.request()
    return tonumber(cast(INTEGER, get_request()))
end

-- Where its bytes lie and how many they are; valid until the request ends. Names have at most 64 characters.
function raw.variable(name)
    if C.ngx_http_lua_ffi_var_get(get_request(), name, #name, scratch, 0, value, length, problem) ~= 0 then
        return nil, 0
    end
    return value[0], tonumber(length[0])
end

-- Sets a variable that the configuration mentions to so many bytes, which are copied.
function raw.set(name, bytes, size)
    problem_size[0] = PROBLEM
    if C.ngx_http_lua_ffi_var_set(get_request(), name, #name, scratch, bytes, size, problem_text, problem_size) ~= 0 then
        error(ffi.string(problem_text, problem_size[0]))
    end
end

-- The number that it begins with; nil when it begins with none.
function raw.number(name)
    local pointer, size = raw.variable(name)
    local number
    for index = 0, size - 1 do
        local digit = pointer[index] - 48
        if digit < 0 or digit > 9 then
            break
        end
        number = (number or 0) * 10 + digit
    end
    return number
end

return raw
