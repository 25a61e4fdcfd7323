-- The router's codes, as Heroku names them: status for the client, words for the app's log.
--
-- `at` and `sock` are what the line says beside the code (an error, at nobody's end in particular, where they are left
-- out).

return {
    H10 = { status = 503, desc = "App crashed" },
    H11 = { status = 503, desc = "Backlog too deep" },
    H12 = { status = 503, desc = "Request timeout" },
    H13 = { status = 503, desc = "Connection closed without response" },
    H14 = { status = 503, desc = "No web processes running" },
    H15 = { status = 503, desc = "Idle connection" },
    H17 = { status = 503, desc = "Poorly formatted HTTP response" },
    H18 = { status = 503, desc = "Server Request Interrupted", sock = "backend" },
    H19 = { status = 503, desc = "Backend connection timeout" },
    H20 = { status = 503, desc = "App boot timeout" },
    H21 = { status = 503, desc = "Backend connection refused" },
    H24 = { status = 503, desc = "Forced close" },
    H26 = { status = 400, desc = "Request Error" },
    H27 = { status = 499, desc = "Client Request Interrupted", at = "warning", sock = "client" },
    H28 = { status = 499, desc = "Client Connection Idle", at = "warning" },
    H80 = { status = 503, desc = "Maintenance mode", at = "info" },
    H81 = { status = 502, desc = "Blank app", at = "info" },
    H99 = { status = 500, desc = "Platform error" },
}
