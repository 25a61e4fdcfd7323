-- The route table of one worker, and how a pushed one becomes it.
--
-- A push is checked and normalised once (`parse`), stored in the shared dict under a new version (`store`), and decoded
-- by each worker once, when it first sees that version (`refresh`).

local addresses = require("addresses")
local cjson = require("cjson.safe")
local keep = require("keep")
local leases = require("leases")
local pages = require("pages")
local proof = require("proof")
local settings = require("settings")
local wake = require("wake")

local identity_of = proof.identity_of
local shared = ngx.shared.edge

local STATES = { up = true, starting = true, crashed = true, down = true, idle = true }
local STAR = ("*"):byte()
local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

local NONE = {}

local routes = { version = 0, hosts = {}, wildcards = {}, apps = {} }

local checked = {} -- this table's dynos that live where it says, by identity; false for the others
local owners = {} -- how many of the table's dynos have an address
local LONGEST_HSTS = 63072000 -- two years, in seconds

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
function routes.parse(text, previous)
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

local function put_in_place(text)
    local previous = cjson.decode(shared:get("table") or "")
    local parsed, problem = routes.parse(text, previous)
    if not parsed then
        return nil, problem
    end
    local name = leases.announce(parsed.dynos)
    local ok, err = shared:safe_set("table", cjson.encode(parsed))
    if not ok then
        return nil, "The table does not fit into the router's memory: " .. err .. "."
    end
    local version = shared:incr("version", 1, 0)
    leases.supersede(name, version)
    wake.forget(parsed.apps)
    shared:set("apps", #parsed.apps)
    shared:set("dynos", #parsed.dynos)
    shared:set("skipped", parsed.skipped)
    shared:set("changed", ngx.time())
    return version
end

-- Makes a pushed table the current one. Returns its version; or nil, a sentence, and whether it may be tried again.
function routes.store(text)
    if not leases.lock() then
        return nil, "Another table is just being taken.", true
    end
    local done, version, problem = pcall(put_in_place, text)
    leases.unlock()
    if not done then
        return nil, "The table cannot be used: " .. tostring(version) .. "."
    end
    return version, problem
end

-- Keeps the text for the next start.
function routes.save(text)
    return keep.save(settings.table_file, text)
end

-- Before the workers start: the last table that was accepted.
function routes.restore()
    local text = keep.read(settings.table_file)
    if not text then
        return
    end
    local version, problem = routes.store(text)
    if not version then
        ngx.log(ngx.ERR, "the kept table is not used: ", problem)
    end
end

-- The dynos that a request may go to: the passing ones of the best kind that there is. The record names the release that
-- serves, and is there before Nomad has told Consul which dynos are live and which stop. When none passes (Consul calls
-- every check critical after its own restart, and looks at a new dyno only once a second) those that were passing before
-- or that a probe has proved.
local function pool_of(dynos, release)
    local kinds = { {}, {}, {}, {}, {} }
    for _, dyno in ipairs(dynos) do
        local kind = dyno.canary and 2 or 1
        if not dyno.passing then
            kind = dyno.proved and 5
        elseif dyno.release ~= release then
            kind = kind + 2
        end
        if kind then
            table.insert(kinds[kind], dyno)
        end
    end
    for _, pool in ipairs(kinds) do
        if #pool > 0 then
            return pool
        end
    end
    return {}
end

local function fill_pool(app)
    app.pool = pool_of(app.dynos or NONE, app.release)
    app.size = #app.pool
end

-- Whether a probe could tell something new of a dyno: not where another one of the table has the same address, which
-- one that is about to go leaves to its successor.
function routes.needs_probe(dyno)
    if not dyno.passing and not dyno.proved and proof.has(dyno) then
        routes.prove(dyno)
    end
    return not dyno.passing and not dyno.proved and not dyno.own_check and owners[dyno.key] == 1
end

-- A probe has found that the dyno takes connections: this worker uses it from now on, others as soon as they look.
function routes.prove(dyno)
    proof.keep(dyno)
    dyno.proved = true
    fill_pool(routes.apps[dyno.app])
end

-- The dynos that live where the table says.
local function without_strangers(listed)
    local found, now_checked = {}, {}
    for _, dyno in ipairs(listed) do
        local identity = identity_of(dyno)
        dyno.identity = identity
        local lives = checked[identity]
        if lives == nil then
            lives = not leases.is_strangers(dyno)
        end
        now_checked[identity] = lives
        if lives then
            found[#found + 1] = dyno
        end
    end
    checked = now_checked
    return found
end

local function build(parsed)
    local hosts, wildcards, apps, dynos, keys = {}, {}, {}, {}, {}
    for _, dyno in ipairs(without_strangers(parsed.dynos)) do
        dyno.key = dyno.addr .. ":" .. dyno.port
        keys[dyno.key] = (keys[dyno.key] or 0) + 1
        local list = dynos[dyno.app] or {}
        dynos[dyno.app] = list
        list[#list + 1] = dyno
    end
    for _, app in ipairs(parsed.apps) do
        app.dynos = dynos[app.id]
        fill_pool(app)
        for _, dyno in ipairs(app.dynos or {}) do
            -- What it says must not be kept as if the current release had said it.
            dyno.old = app.cache and dyno.release ~= app.release
        end
        app.has_tls_rules = app.https or app.hsts ~= nil
        apps[app.id] = app
        for _, host in ipairs(app.hosts) do
            if host:byte() == STAR then
                wildcards[host:sub(3)] = app
            else
                hosts[host] = app
            end
        end
    end
    routes.hosts, routes.wildcards, routes.apps, owners = hosts, wildcards, apps, keys
    routes.on_change(parsed.dynos)
end

-- The app whose wildcard stands for a host that no app has by itself; of several the nearest, as in DNS.
function routes.by_wildcard(host)
    local wildcards = routes.wildcards
    if not host or next(wildcards) == nil then
        return nil
    end
    local dot = host:find(".", 1, true)
    while dot do
        local app = wildcards[host:sub(dot + 1)]
        if app then
            return app
        end
        dot = host:find(".", dot + 1, true)
    end
end

-- Called with all dynos whenever there is a new table.
function routes.on_change() end

-- Takes over the table of the shared dict if it is a newer one; true when it did.
function routes.refresh()
    local version = shared:get("version") or 0
    if version == routes.version then
        return false
    end
    local parsed, problem = cjson.decode(shared:get("table") or "")
    if not parsed then
        ngx.log(ngx.ERR, "table ", version, " cannot be read: ", problem)
        return false
    end
    build(parsed)
    routes.version = version
    leases.note(version)
    return true
end

-- With each heartbeat, also in a worker that has no requests.
function routes.follow()
    routes.refresh()
    leases.settle()
end

return routes
