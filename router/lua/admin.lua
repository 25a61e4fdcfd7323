-- The platform's own side of the edge: taking a table, telling how things are.

local cjson = require("cjson.safe")
local routes = require("routes")

local shared = ngx.shared.edge

local admin = {}

local function reply(status, body)
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.say(cjson.encode(body))
end

local function state()
    return {
        version = shared:get("version") or 0,
        apps = shared:get("apps") or 0,
        dynos = shared:get("dynos") or 0,
        skipped = shared:get("skipped") or 0,
        changed = shared:get("changed"),
        saved = shared:get("saved") ~= false,
    }
end

local function body()
    ngx.req.read_body()
    local text = ngx.req.get_body_data()
    if text then
        return text
    end
    local path = ngx.req.get_body_file()
    local file = path and io.open(path, "r")
    if not file then
        return ""
    end
    text = file:read("*a")
    file:close()
    return text
end

local function take()
    local text = body()
    local digest = ngx.md5_bin(text)
    if shared:get("digest") == digest then
        return reply(200, state())
    end
    local version, problem = routes.store(text)
    if not version then
        ngx.log(ngx.ERR, "a table was refused: ", problem)
        return reply(400, { id = "bad_table", message = problem })
    end
    local saved, err = routes.save(text)
    if not saved then
        ngx.log(ngx.ERR, "the table is in use but could not be kept for the next start: ", err)
    end
    shared:set("saved", saved == true)
    shared:set("digest", digest)
    return reply(200, state())
end

function admin.table()
    local method = ngx.req.get_method()
    if method == "PUT" then
        return take()
    end
    if method ~= "GET" then
        ngx.header["Allow"] = "GET, PUT"
        return ngx.exit(405)
    end
    ngx.header["Content-Type"] = "application/json"
    ngx.say(shared:get("table") or "{}")
end

function admin.health()
    return reply(200, state())
end

return admin
