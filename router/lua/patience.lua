-- Until a response's first byte nginx is to wait 30 s for the dyno, from then on 55 s for each further one. It knows one
-- time for both, and lets no Lua change it once the request has been sent.
--
-- So the request is given another copy of its location's settings when its first byte is there: a copy that differs in
-- that one time. This is how lua-nginx-module itself changes times (its balancer's set_timeouts), only later. Nothing is
-- taken for granted about nginx's memory: the settings are those that nginx's own list of the location holds and that
-- begin with the three times that this configuration names. Where they are not found, everything stays as it was, and
-- pauses longer than the first time end a response.

local ffi = require("ffi")
local settings = require("settings")

local cast = ffi.cast
local copy = ffi.copy

local WORDS = ffi.typeof("uintptr_t *")
local MARK = ffi.typeof("uint32_t *")
local SIGNATURE = 0x50545448 -- of a request of nginx
local LOCATION_SETTINGS, UPSTREAM = 5, 9 -- words of ngx_http_request_t
local FIRST_WORDS, MOST_MODULES = 64, 48
local LOWEST_ADDRESS = 0x10000
local CONNECT, SEND, READ = 1, 2, 3 -- words of ngx_http_upstream_conf_t: milliseconds
local COPIED = 768 -- bytes: more than ngx_http_upstream_conf_t (528), less than the proxy module's settings around it (984)

local patience = {}

local place -- which word of ngx_http_upstream_t leads to its settings; false when none does
local longer = {} -- by the address of settings: the copy with the longer time

local function milliseconds(seconds)
    return math.floor(seconds * 1000 + 0.5)
end

local function are_ours(words)
    local read = tonumber(words[READ])
    return tonumber(words[CONNECT]) == milliseconds(settings.connect_timeout)
        and tonumber(words[SEND]) == milliseconds(settings.idle_timeout)
        and (read == milliseconds(settings.first_byte_timeout) or read == milliseconds(settings.idle_timeout))
end

-- A word of the upstream part is taken for an address only when the location has the same address in its list.
local function find(request, upstream)
    local listed = cast(WORDS, request[LOCATION_SETTINGS])
    local known = {}
    for index = 0, MOST_MODULES - 1 do
        if listed[index] > LOWEST_ADDRESS then
            known[tonumber(listed[index])] = true
        end
    end
    for index = 0, FIRST_WORDS - 1 do
        if known[tonumber(upstream[index])] and are_ours(cast(WORDS, upstream[index])) then
            return index
        end
    end
    ngx.log(ngx.ERR, "nginx's settings of a request are not where they were looked for: a response may pause ",
        settings.first_byte_timeout, " s only.")
    return false
end

local function with_more_time(address)
    local words = ffi.new("uintptr_t[?]", COPIED / 8)
    copy(words, address, COPIED)
    words[READ] = milliseconds(settings.idle_timeout)
    return words
end

local function give_time(upstream)
    local address = upstream[place]
    local key = tonumber(address)
    local copied = longer[key]
    if copied == nil then
        copied = are_ours(cast(WORDS, address)) and with_more_time(cast("void *", address))
        longer[key] = copied
    end
    if copied then
        upstream[place] = cast("uintptr_t", cast("void *", copied))
    end
end

-- Called once a request, when the first piece of its answer passes.
function patience.after_first_byte(pointer)
    if place == false or cast(MARK, pointer)[0] ~= SIGNATURE then
        return
    end
    local request = cast(WORDS, pointer)
    if request[UPSTREAM] == 0 then
        return
    end
    local upstream = cast(WORDS, request[UPSTREAM])
    if place == nil then
        place = find(request, upstream)
    end
    if place then
        give_time(upstream)
    end
end

return patience
