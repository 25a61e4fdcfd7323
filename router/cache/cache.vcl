# The HTTP cache: between the edge, which alone can reach this Varnish, and the mesh, a second listener of the same nginx.
# Headers that begin with X-Nomapaas- are theirs: the edge writes those of a request, the mesh those of a response, and
# what a client or an app sent under these names was dropped before, as the edge drops what is not for clients. Each look
# for a header here costs a comparison with every one; nginx finds them all in one go. docs/cache.md says what is stored.
vcl 4.1;

import std;

backend mesh {
    .path = "@@{mesh_socket}";
    .connect_timeout = 2s;
    # The mesh ends a request in time by itself.
    .first_byte_timeout = @@{cache_timeout}ms;
    .between_bytes_timeout = @@{cache_timeout}ms;
}

sub vcl_recv {
    if (req.method == "PING") {
        return (synth(204));
    }
    if (req.method == "BAN") {
        # Both values come hex-escaped or checked from the edge, so that nothing in them is syntax.
        if (std.ban("obj.http.X-Nomapaas-App == " + req.http.X-Nomapaas-App
            + " && obj.http.X-Nomapaas-Url ~ " + req.http.X-Nomapaas-Ban)) {
            return (synth(204));
        }
        return (synth(400));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(503));
    }
    # Varnish adds an address of its own, which on a unix socket is none; X-Nomapaas-For has the real ones.
    set req.http.X-Forwarded-For = req.http.X-Nomapaas-For;
    if (req.http.X-Nomapaas-Tried == "error" || req.http.X-Nomapaas-Tried == "down") {
        set req.grace = 0s;
    } else if (req.restarts > 0) {
        # What was set before a restart is still set.
        set req.grace = 1y;
    }
    # Varnish breaks off at several ranges and at broken ones; whoever asks for one may be given the whole (RFC 9110, 14.2).
    if (req.http.Range !~ "^bytes=(\d{1,15}-(\d{1,15})?|-0*[1-9]\d{0,14})$" || (req.http.Range ~ "\d-\d"
        && std.integer(regsub(req.http.Range, "^bytes=(\d+)-.*$", "\1"), 0)
            > std.integer(regsub(req.http.Range, "^.*-", ""), 0))) {
        unset req.http.Range;
    }
    # Not part of the key, and known to change what frameworks answer: what the app says to these is for nobody else.
    if (req.http.X-Forwarded-Host || req.http.X-Forwarded-Server || req.http.Forwarded || req.http.X-Host
        || req.http.X-Original-Url || req.http.X-Rewrite-Url || req.http.X-Forwarded-Prefix || req.http.X-Script-Name
        || req.http.X-Http-Method-Override || req.http.X-Http-Method || req.http.X-Method-Override
        || req.http.X-Forwarded-Scheme || req.http.X-Forwarded-Ssl || req.http.Front-End-Https
        || req.http.X-Original-Host || req.http.X-Url-Scheme || req.http.X-Forwarded-Path
        || req.http.Cache-Control ~ "(?i)no-store") {
        set req.http.X-Nomapaas-Odd = "1";
    }
    return (hash);
}

sub vcl_hash {
    hash_data(req.http.X-Nomapaas-App);
    hash_data(req.http.X-Nomapaas-Key);
    hash_data(req.http.X-Forwarded-Proto);
    hash_data(req.http.Host);
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
    if (obj.ttl > 0s) {
        set req.http.X-Nomapaas-Verdict = "HIT";
        return (deliver);
    }
    set req.http.X-Nomapaas-Verdict = "STALE";
    if (obj.ttl + std.duration(obj.http.X-Nomapaas-While + "s", 0s) > 0s) {
        # Varnish fetches a fresh one beside it.
        return (deliver);
    }
    if (req.http.X-Nomapaas-Away || req.http.X-Nomapaas-Tried == "done") {
        return (deliver);
    }
    # Too old to be shown before the app was asked.
    if (obj.ttl + std.duration(obj.http.X-Nomapaas-If-Error + "s", 0s) > 0s) {
        set req.http.X-Nomapaas-Tried = "error";
    } else {
        set req.http.X-Nomapaas-Tried = "down";
    }
    return (restart);
}

sub vcl_miss {
    if (req.http.X-Nomapaas-Odd) {
        return (pass);
    }
    set req.http.X-Nomapaas-Verdict = "MISS";
    return (fetch);
}

sub vcl_pass {
    set req.http.X-Nomapaas-Verdict = "PASS";
    return (fetch);
}

sub vcl_backend_fetch {
    if (bereq.is_bgfetch && (bereq.http.X-Nomapaas-Tried || bereq.http.X-Nomapaas-Odd)) {
        # The app was asked a moment ago and failed; or its answer would be for one client alone.
        return (abandon);
    }
    unset bereq.body;
    return (fetch);
}

sub vcl_backend_response {
    if (beresp.http.X-Nomapaas-Code || beresp.status == 500 || beresp.status == 502 || beresp.status == 503
        || beresp.status == 504) {
        # The old response stays only if this fetch does not come to an end: vcl_synth shows it.
        if (bereq.is_bgfetch || bereq.http.X-Nomapaas-Tried == "error"
            || (bereq.http.X-Nomapaas-Tried == "down" && beresp.http.X-Nomapaas-Code)) {
            return (abandon);
        }
        set beresp.uncacheable = true;
        set beresp.grace = 0s;
        # For a moment others do not have to wait one for another.
        set beresp.ttl = 1s;
        return (deliver);
    }
    if (std.integer(beresp.http.Content-Length, 0) > @@{cache_largest}) {
        # Varnish keeps what its client has not read yet in its memory: the edge fetches this one around it.
        return (abandon);
    }
    if (beresp.http.X-Nomapaas-Old) {
        # A dyno of another release, or a page of the router's.
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        set beresp.grace = 0s;
        return (deliver);
    }
    # What stands in quotes is no directive; a qualified private or no-cache counts as a whole one.
    set beresp.http.X-Nomapaas-Marks = regsuball(beresp.http.Cache-Control, {""[^"]*""}, "");
    if (beresp.http.X-Nomapaas-Marks !~ "(?i)(^|[,\s])(public|s-maxage\s*=\s*\d+)\s*(,|$)"
        || beresp.http.X-Nomapaas-Marks ~ "(?i)(^|[,\s])(private|no-store|no-cache)\s*(=|,|$)"
        || beresp.http.Vary ~ "\*"
        || beresp.http.Content-Type ~ "(?i)^text/event-stream"
        || beresp.http.Content-Range
        || (beresp.status != 200 && beresp.status != 203 && beresp.status != 301 && beresp.status != 302
            && beresp.status != 307 && beresp.status != 404 && beresp.status != 410)) {
        unset beresp.http.X-Nomapaas-Marks;
        # From now on such requests go through untouched, with their Range and If-None-Match, and wait for nobody.
        return (pass(60s));
    }
    if (beresp.http.X-Nomapaas-Marks ~ "(?i)(^|[,\s])stale-while-revalidate\s*=\s*\d{1,8}\s*(,|$)") {
        set beresp.http.X-Nomapaas-While =
            regsub(beresp.http.X-Nomapaas-Marks, "(?is)^.*stale-while-revalidate\s*=\s*(\d+).*$", "\1");
    }
    if (beresp.http.X-Nomapaas-Marks ~ "(?i)(^|[,\s])stale-if-error\s*=\s*\d{1,8}\s*(,|$)") {
        set beresp.http.X-Nomapaas-If-Error =
            regsub(beresp.http.X-Nomapaas-Marks, "(?is)^.*stale-if-error\s*=\s*(\d+).*$", "\1");
    }
    if (beresp.http.Set-Cookie
        || beresp.ttl + std.duration(beresp.http.X-Nomapaas-While + "s", 0s) <= 0s) {
        unset beresp.http.X-Nomapaas-Marks;
        # The next one may well be fit to be stored.
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        set beresp.grace = 0s;
        return (deliver);
    }
    # RFC 9111, 4.2.4: without a word of the app only where it cannot be reached, and never against its word.
    set beresp.grace = @@{cache_down_grace}s;
    if (beresp.http.X-Nomapaas-Marks ~ "(?i)(^|[,\s])(must-revalidate|proxy-revalidate|s-maxage\s*=)") {
        set beresp.grace = 0s;
    }
    if (beresp.grace < std.duration(beresp.http.X-Nomapaas-While + "s", 0s)) {
        set beresp.grace = std.duration(beresp.http.X-Nomapaas-While + "s", 0s);
    }
    if (beresp.grace < std.duration(beresp.http.X-Nomapaas-If-Error + "s", 0s)) {
        set beresp.grace = std.duration(beresp.http.X-Nomapaas-If-Error + "s", 0s);
    }
    unset beresp.http.X-Nomapaas-Marks;
    if (std.integer(beresp.http.Content-Length, 1000000) <= 65536) {
        # Head and body leave in one piece, and two threads do not hand it to each other bit by bit.
        set beresp.do_stream = false;
    }
    set beresp.http.X-Nomapaas-App = bereq.http.X-Nomapaas-App;
    set beresp.http.X-Nomapaas-Url = std.tolower(regsub(bereq.http.Host, ":\d+$", "")) + bereq.url;
    return (deliver);
}

sub vcl_backend_error {
    # The mesh is nginx itself: the edge goes there without this cache.
    if (bereq.is_bgfetch || bereq.http.X-Nomapaas-Tried == "error" || bereq.http.X-Nomapaas-Tried == "down") {
        return (abandon);
    }
    set beresp.http.X-Nomapaas-Broken = "1";
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
    return (deliver);
}

sub vcl_deliver {
    if (resp.http.X-Nomapaas-Broken) {
        return (fail);
    }
    set resp.http.X-Cache = req.http.X-Nomapaas-Verdict;
    if (obj.uncacheable) {
        set resp.http.X-Cache = "PASS";
    }
    if (resp.http.X-Cache == "HIT" || resp.http.X-Cache == "STALE") {
        # Of the request that brought it here, and of no other.
        unset resp.http.X-Nomapaas-Dyno;
        unset resp.http.X-Nomapaas-Cookie;
        unset resp.http.X-Request-Id;
    }
    if (resp.http.X-Cache == "HIT" && resp.status == 200 && obj.ttl > 1s
        && !req.http.Range && !req.http.If-None-Match && !req.http.If-Modified-Since
        && (!resp.http.Vary || resp.http.Vary ~ "(?i)^\s*accept-encoding\s*$")) {
        # The edge may keep a copy for one second.
        set resp.http.X-Accel-Expires = "1";
    } else {
        set resp.http.X-Accel-Buffering = "no";
    }
    if (resp.status == 400 || resp.status >= 500) {
        # The app's own, or the mesh's: the edge takes these for troubles of the cache, and tells them by this one.
        set resp.http.X-Nomapaas-Status = resp.status;
        set resp.status = 599;
    }
    if (req.http.X-Nomapaas-Tried == "done") {
        # For a while the edge takes this app for one that is away, so that nobody waits for it to fail again.
        set resp.http.X-Nomapaas-Away = "1";
    }
    return (deliver);
}

sub vcl_synth {
    if (req.http.X-Nomapaas-Tried == "error" || req.http.X-Nomapaas-Tried == "down") {
        set req.http.X-Nomapaas-Tried = "done";
        return (restart);
    }
    # 503 mostly: the edge goes on without the cache.
    return (deliver);
}
