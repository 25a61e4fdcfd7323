-- The router's error codes, as Heroku names them: status for the client, words for the app's log.

return {
    H10 = { status = 503, desc = "App crashed" },
    H11 = { status = 503, desc = "Backlog too deep" },
    H12 = { status = 503, desc = "Request timeout" },
    H13 = { status = 503, desc = "Connection closed without response" },
    H14 = { status = 503, desc = "No web dynos running" },
    H17 = { status = 503, desc = "Poorly formatted HTTP response" },
    H19 = { status = 503, desc = "Backend connection timeout" },
    H20 = { status = 503, desc = "App boot timeout" },
    H21 = { status = 503, desc = "Backend connection refused" },
    H27 = { status = 499, desc = "Client Request Interrupted" },
    H80 = { status = 503, desc = "Maintenance mode" },
    H99 = { status = 500, desc = "Platform error" },
}
