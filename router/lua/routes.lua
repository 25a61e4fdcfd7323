-- The route table of one worker, and how a pushed one becomes it.
--
-- A push is checked and normalised once (`records.lua`), stored in the shared dict under a new version (`store`), and decoded
-- by each worker once, when it first sees that version (`refresh`).

local cjson = require("cjson.safe")
local keep = require("keep")
local leases = require("leases")
local proof = require("proof")
local records = require("records")
local settings = require("settings")
local wake = require("wake")

local identity_of = proof.identity_of
local shared = ngx.shared.edge

local STAR = ("*"):byte()

local NONE = {}

local routes = { version = 0, hosts = {}, wildcards = {}, apps = {} }

local checked = {} -- this table's dynos that live where it says, by identity; false for the others
local owners = {} -- how many of the table's dynos have an address

local function put_in_place(text)
    local previous = cjson.decode(shared:get("table") or "")
    local parsed, problem = records.parse(text, previous)
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
