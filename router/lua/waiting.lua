-- What a browser is shown while an app starts: a page that loads itself again, by plain HTML.
--
-- Its status is 503 with Retry-After: crawlers come back later and index nothing, no cache keeps it, and whoever watches
-- the site is not told that it works. Browsers show it all the same. The next request is held as the first one was, so
-- that loading again a second later is no polling.

local PAGE = [[<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="1">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Starting…</title>
<style>
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #333; background: #f6f6f8; }
main { max-width: 36em; margin: 20vh auto 0; padding: 0 1.5em; text-align: center; }
h1 { font-size: 1.4em; font-weight: 600; }
</style>
</head>
<body><main><h1>This app is starting</h1><p>The page will appear by itself in a moment.</p></main></body>
</html>
]]

local var = ngx.var

local waiting = {}

-- A person who looks at an address, and not a program, a script of a page, or a form that was sent.
function waiting.is_for()
    local mode = var.http_sec_fetch_mode
    return ngx.req.get_method() == "GET" and (mode == nil or mode == "navigate") and var.http_upgrade == nil
        and (var.http_accept or ""):find("text/html", 1, true) ~= nil
end

function waiting.send(app_id)
    var.edge_failed = app_id
    ngx.req.discard_body()
    ngx.status = 503
    ngx.header["Content-Type"] = "text/html; charset=utf-8"
    ngx.header["Content-Length"] = #PAGE
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Retry-After"] = 5
    ngx.print(PAGE)
    return ngx.exit(ngx.HTTP_OK)
end

return waiting
