-- What a client is shown instead of the app: HTML for browsers, JSON or plain text for whoever asks for it.

local cjson = require("cjson.safe")

local HTML = [[<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #333; background: #f6f6f8; }
main { max-width: 36em; margin: 20vh auto 0; padding: 0 1.5em; text-align: center; }
h1 { font-size: 1.4em; font-weight: 600; }
</style>
</head>
<body><main><h1>%s</h1><p>%s</p></main></body>
</html>
]]

-- A page of the app's own fills the window; its address was checked when the table came, and is escaped all the same.
local FRAME = [[<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
html, body { margin: 0; height: 100%%; }
iframe { display: block; width: 100%%; height: 100%%; border: 0; }
</style>
</head>
<body><iframe src="%s" title="%s"></iframe></body>
</html>
]]
local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local pages = {}

local function page(id, title, message)
    return {
        title = title,
        html = HTML:format(title, title, message),
        text = title .. "\n" .. message .. "\n",
        json = cjson.encode({ id = id, message = title .. ". " .. message }) .. "\n",
    }
end

pages.error = page(
    "application_error",
    "Application error",
    "An error occurred in the application and your page could not be served. "
        .. "If you own this application, its log has the details: nomapaas logs --tail"
)
pages.maintenance = page(
    "maintenance",
    "Offline for Maintenance",
    "This application is undergoing maintenance right now. Please check back later."
)
pages.blank = page("blank_app", "Nothing here yet", "No code has been deployed to this application.")
pages.no_such_app = page("no_such_app", "No such app", "There is nothing here yet. The address may be misspelt.")
pages.platform = page("platform_error", "Platform error", "The platform could not route this request. Please try again.")

local TYPES = { html = "text/html; charset=utf-8", json = "application/json", text = "text/plain; charset=utf-8" }

local function form(accept)
    if accept:find("text/html", 1, true) then
        return "html"
    end
    if accept:find("json", 1, true) then
        return "json"
    end
    return accept:find("text/plain", 1, true) and "text" or "html"
end

-- The address of an app's own page, or nil: what could be more than an address in our page does not come through.
function pages.own(url)
    if type(url) == "string" and #url <= 2048 and url:find("^https?://[%w%[]") and not url:find("[%c%s\"'<>`\\]") then
        return url
    end
end

local function framed(what, address)
    local escaped = address:gsub("[&<>\"']", ENTITIES)
    return FRAME:format(what.title, escaped, what.title)
end

-- `own` is the address of the app's own page, which browsers get to see instead of ours.
function pages.send(status, what, own)
    local chosen = form(ngx.var.http_accept or "")
    local body = own and chosen == "html" and framed(what, own) or what[chosen]
    ngx.req.discard_body()
    ngx.status = status
    ngx.header["Content-Type"] = TYPES[chosen]
    ngx.header["Content-Length"] = #body
    ngx.header["Cache-Control"] = "no-cache, no-store"
    ngx.header["Retry-After"] = what == pages.maintenance and 60 or nil
    if ngx.req.get_method() ~= "HEAD" then
        ngx.print(body)
    else
        ngx.send_headers()
    end
    return ngx.exit(ngx.HTTP_OK)
end

return pages
