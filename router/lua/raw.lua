-- nginx' variables as bytes, by the functions on which lua-resty-core builds its `ngx.var`.

local base = require("resty.core.base")
local ffi = require("ffi")
require("resty.core.var") -- declares the C functions

local C = ffi.C
local get_request = base.get_request

local value = ffi.new("char *[1]")
local length = ffi.new("size_t[1]")
local problem = ffi.new("char *[1]")
local scratch = ffi.new("char[64]")

local raw = {}

-- Where its bytes lie and how many they are; valid until the request ends. Names have at most 64 characters.
function raw.variable(name)
    if C.ngx_http_lua_ffi_var_get(get_request(), name, #name, scratch, 0, value, length, problem) ~= 0 then
        return nil, 0
    end
    return value[0], tonumber(length[0])
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
