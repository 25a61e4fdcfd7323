-- What a pushed table says, checked and normalised: apps and dynos with nothing in them that the rest would have to doubt.

local addresses = require("addresses")
local cjson = require("cjson.safe")
local pages = require("pages")
local proof = require("proof")

local identity_of = proof.identity_of

local STATES = { up = true, starting = true, crashed = true, down = true, idle = true }
local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"
local LONGEST_HSTS = 63072000 -- two years, in seconds

local records = {}

local function is_list(value)
    return type(value) == "table" and (next(value) == nil or value[1] ~= nil)
end

-- Names the generation of what the HTTP cache has of an app; nil for an app without a cache.
local function parse_cache(value)
    return type(value) == "string" and value:find("^[%w.-]+$") and #value <= 64 and value or nil
end

-- The header's value; nil for an app that does not send it.
local function parse_hsts(seconds)
    if type(seconds) ~= "number" or seconds < 1 or seconds > LONGEST_HSTS or seconds % 1 ~= 0 then
        return nil
    end
    return ("max-age=%d"):format(seconds)
end

-- A record comes as the text that lies in Consul, so that one broken record harms its own app only.
local function parse_app(text, taken)
    local record = type(text) == "string" and cjson.decode(text)
    if type(record) ~= "table" or type(record.app) ~= "string" or not record.app:find(UUID)
        or not STATES[record.state] or not is_list(record.hosts) then
        return nil
    end
    local hosts = {}
    for _, host in ipairs(record.hosts) do
        if type(host) == "string" and (host:find("^[%w._-]+$") or host:find("^%*%.[%w._-]+$")) and not taken[host:lower()] then
            host = host:lower()
            taken[host] = true
            hosts[#hosts + 1] = host
        end
    end
    return {
        id = record.app,
        hosts = hosts,
        state = record.state,
        maintenance = record.maintenance == true,
        release = tostring(record.release),
        frozen = record.frozen == true or nil,
        cache = parse_cache(record.cache),
        blank = record.release == 0,
        keepalive = record.keepalive ~= false,
        affinity = record.affinity == true,
        error_page = pages.own(record.error_page),
        maintenance_page = pages.own(record.maintenance_page),
        https = record.https == true or nil,
        hsts = parse_hsts(record.hsts),
    }
end

local function parse_dyno(record)
    if type(record) ~= "table" or type(record.app) ~= "string" or type(record.alloc) ~= "string"
        or type(record.dyno) ~= "string" or not record.dyno:find("^[%w_-]+%.%d+$") then
        return nil
    end
    local address, port = addresses.parse(record.addr), tonumber(record.port)
    if not address or not port or port < 1 or port > 65535 or port % 1 ~= 0 then
        return nil
    end
    return {
        app = record.app,
        addr = address,
        port = port,
        name = record.dyno,
        alloc = record.alloc,
        release = tostring(record.release),
        canary = record.stage == "canary",
        passing = record.passing == true,
        -- Its app has a health check of its own: accepting connections is not enough.
        own_check = record.check == "own" or nil,
    }
end

-- Dynos that some earlier table called passing.
local function proved_before(previous)
    local proved = {}
    for _, dyno in ipairs(previous and previous.dynos or {}) do
        if dyno.passing or dyno.proved then
            proved[identity_of(dyno)] = true
        end
    end
    return proved
end

-- Returns the normalised table, or nil and a sentence.
function records.parse(text, previous)
    local pushed, problem = cjson.decode(text)
    if type(pushed) ~= "table" then
        return nil, "The table is not JSON: " .. tostring(problem) .. "."
    end
    if not is_list(pushed.apps) or not is_list(pushed.dynos) then
        return nil, "The table needs two lists, apps and dynos."
    end
    local result = { apps = {}, dynos = {}, skipped = 0 }
    local known, taken, proved = {}, {}, proved_before(previous)
    for _, record in ipairs(pushed.apps) do
        local app = parse_app(record, taken)
        if app and not known[app.id] then
            known[app.id] = true
            result.apps[#result.apps + 1] = app
        else
            result.skipped = result.skipped + 1
        end
    end
    for _, record in ipairs(pushed.dynos) do
        local dyno = parse_dyno(record)
        if dyno then
            dyno.proved = proved[identity_of(dyno)] or (not dyno.passing and proof.has(dyno)) or nil
            result.dynos[#result.dynos + 1] = dyno
        else
            result.skipped = result.skipped + 1
        end
    end
    return result
end

return records
