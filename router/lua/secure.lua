-- What an app's settings ask of plain and of encrypted requests.

local settings = require("settings")

local var = ngx.var

local secure = {}

-- For an app with such settings: whether this request may go on.
function secure.admits(app)
    if var.edge_proto == "https" then
        if app.hsts then
            var.edge_hsts = app.hsts
        end
        return true
    end
    return not app.https
end

-- A plain request for an app that wants encrypted ones only: the same again over TLS, whatever its method.
function secure.redirect(app)
    local method = ngx.req.get_method()
    local status = (method == "GET" or method == "HEAD") and 301 or 308
    ngx.req.discard_body()
    return ngx.redirect("https://" .. var.host .. settings.tls_suffix .. var.request_uri, status)
end

return secure
