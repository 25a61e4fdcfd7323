-- Addresses pass from one dyno to another. Two rules keep a request for the one from ever reaching the other, however old
-- the table is; docs/decisions/0010 says why they are enough.
--
-- - Before a table goes live its addresses are written down in a file of their own, and that stays until every worker that
--   lives has taken over a newer table, and for as long after that as a connection under way may take. CNI gives out
--   no address that is in one of these files.
-- - A dyno that a worker's table did not have before is left out when CNI has given its address to another allocation.
--   CNI writes that down before it looks into the files, and a worker reads it after the file was written.

local cjson = require("cjson.safe")
local settings = require("settings")

local shared = ngx.shared.edge
local seen = ngx.shared.workers -- the newest table that a worker has taken over, by process id

local FILES = "address files" -- by name: `version` of the table that came after, `since` when every worker knows that
local LOCK = "address lock"

local leases = {}

local function lives(pid)
    local file = io.open("/proc/" .. pid .. "/stat", "r")
    if file then
        file:close()
    end
    return file ~= nil
end

-- One worker at a time takes a table or puts files away. A frozen one keeps the lock; a dead one does not.
function leases.lock()
    local own = ngx.worker.pid()
    if shared:add(LOCK, own) then
        return true
    end
    local holder = shared:get(LOCK)
    if holder and holder ~= own and lives(holder) then
        return false
    end
    shared:set(LOCK, own)
    return true
end

function leases.unlock()
    shared:delete(LOCK)
end

local function files()
    return cjson.decode(shared:get(FILES) or "{}")
end

local function keep(found)
    shared:set(FILES, cjson.encode(found))
end

local function path_of(name)
    return settings.routed .. "/" .. name
end

-- Before a table goes live. Returns what `supersede` wants, or nil when the file cannot be written.
function leases.announce(dynos)
    local lines = {}
    for _, dyno in ipairs(dynos) do
        lines[#lines + 1] = dyno.addr .. "\n"
    end
    local name = ("%.3f-%d"):format(ngx.now(), shared:incr("address files made", 1, 0))
    local file, err = io.open(path_of(name), "w")
    local written = file and file:write(table.concat(lines))
    if not file or not (file:close() and written) then
        ngx.log(ngx.ERR, "the addresses of a table could not be written down: ", err)
        return nil
    end
    local found = files()
    found[name] = { version = 0 }
    keep(found)
    return name
end

-- The table of that name is live, under that version: all others are on their way out.
function leases.supersede(name, version)
    local found = files()
    for other, fate in pairs(found) do
        if other ~= name and fate.version == 0 then
            fate.version = version
        end
    end
    keep(found)
    shared:set("addresses settle", true)
end

-- This worker routes by that version from now on.
function leases.note(version)
    seen:set(tostring(ngx.worker.pid()), version)
end

-- Whether no worker knows an older table. One that is frozen may go on with what it knew.
local function all_have_seen(version)
    for _, pid in ipairs(seen:get_keys(0)) do
        if seen:get(pid) < version then
            if lives(pid) then
                return false
            end
            seen:delete(pid)
        end
    end
    return true
end

local function put_away()
    local found, waiting = files(), false
    for name, fate in pairs(found) do
        if fate.version > 0 then
            fate.since = fate.since or (all_have_seen(fate.version) and ngx.now()) or nil
            if fate.since and ngx.now() - fate.since > settings.rest then
                os.remove(path_of(name))
                found[name] = nil
            else
                waiting = true
            end
        end
    end
    keep(found)
    shared:set("addresses settle", waiting)
end

-- Puts files away that are of no use any more; now and then.
function leases.settle()
    if shared:get("addresses settle") and leases.lock() then
        pcall(put_away)
        leases.unlock()
    end
end

-- Whether CNI has given a dyno's address to somebody else. An empty file is just being written.
function leases.is_strangers(dyno)
    local file = io.open(settings.leases .. "/" .. dyno.addr, "r")
    if not file then
        return false
    end
    local owner = file:read("*l")
    file:close()
    return owner ~= dyno.alloc
end

return leases
