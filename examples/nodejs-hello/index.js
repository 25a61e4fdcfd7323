// The smallest Express app that shows where it runs.

"use strict";

const express = require("express");

const page = require("./page");

const app = express();

// Facts that nomapaas puts into every dyno's environment, and one config var of yours.
function where() {
  return {
    greeting: process.env.GREETING ?? "Hello from nomapaas",
    dyno: process.env.DYNO ?? "your own machine",
    release: process.env.HEROKU_RELEASE_VERSION ?? "none yet",
    node: process.versions.node,
  };
}

app.get("/", (request, response) => response.send(page(where())));
app.get("/whoami", (request, response) => response.json(where()));

const server = app.listen(process.env.PORT ?? 3000);

// A dyno that is to stop gets no new request, and finishes those that it has.
process.on("SIGTERM", () => server.close(() => process.exit(0)));
