-- The platform's own side of the edge: taking a table, telling how things are.

local certs = require("certs")
local cjson = require("cjson.safe")
local cached = require("cached")
local keep = require("keep")
local routes = require("routes")
local settings = require("settings")

local shared = ngx.shared.edge

local PATIENCE = 1

local admin = {}

local function reply(status, body)
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.say(cjson.encode(body))
end

local function state()
    local known = certs.state()
    return {
        certificates = known.certificates,
        certificates_skipped = known.certificates_skipped,
        config = settings.config,
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

-- Whether an ACME server would be answered.
function admin.challenge()
    local known = certs.challenge(ngx.var.arg_token)
    return reply(known and 200 or 404, { token = ngx.var.arg_token, known = known ~= nil and known ~= false })
end

-- The release whose dynos get an app's requests, and what its record says of it.
function admin.served()
    routes.refresh()
    local app = routes.apps[ngx.var.arg_app or ""]
    local dyno = app and app.pool[1]
    return reply(200, { release = dyno and dyno.release, state = app and app.state })
end

-- The certificates are never shown again: there is no GET.
function admin.certs()
    if ngx.req.get_method() ~= "PUT" then
        ngx.header["Allow"] = "PUT"
        return ngx.exit(405)
    end
    local text = body()
    local ok, problem = certs.store(text)
    if not ok then
        ngx.log(ngx.ERR, "certificates were refused: ", problem)
        return reply(400, { id = "bad_certificates", message = problem })
    end
    local saved, err = keep.save(settings.certs_file, text)
    if not saved then
        ngx.log(ngx.ERR, "the certificates are in use but could not be kept for the next start: ", err)
    end
    return reply(200, state())
end

-- The worker that takes another table, or puts address files away, is done in milliseconds, unless it stands still.
local function store(text)
    local deadline = ngx.now() + PATIENCE
    while true do
        local version, problem, again = routes.store(text)
        if not again or ngx.now() > deadline then
            return version, problem, again
        end
        ngx.sleep(0.002)
    end
end

local function take()
    local text = body()
    local digest = ngx.md5_bin(text)
    if shared:get("digest") == digest then
        return reply(200, state())
    end
    local version, problem, again = store(text)
    if again then
        return reply(503, { id = "busy", message = problem })
    elseif not version then
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

local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

local function purge()
    local wanted = cjson.decode(body())
    if type(wanted) ~= "table" or type(wanted.app) ~= "string" or not wanted.app:find(UUID)
        or type(wanted.path) ~= "string" or wanted.path:sub(1, 1) ~= "/" or #wanted.path > 1024
        or type(wanted.host or "") ~= "string" or #(wanted.host or "") > 255 then
        return reply(400, { id = "bad_purge", message = "A purge needs an app and a path, and may have a host." })
    end
    local done, problem = cached.purge(wanted.app, wanted.host, wanted.path, wanted.prefix == true)
    if not done then
        ngx.log(ngx.ERR, "Varnish did not purge: ", problem)
        return reply(503, { id = "no_cache", message = "The HTTP cache does not answer." })
    end
    return reply(200, { purged = true })
end

-- GET ?app=: what became of an app's requests. POST: forget responses.
function admin.cache()
    local method = ngx.req.get_method()
    if method == "POST" then
        return purge()
    end
    local app_id = ngx.var.arg_app
    if method ~= "GET" or not app_id or not app_id:find(UUID) then
        return ngx.exit(400)
    end
    return reply(200, cached.counts(app_id))
end

return admin
