// The page for people.

"use strict";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escaped = (text) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]);

module.exports = ({ greeting, dyno, release, node }) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${escaped(greeting)}</title>
    <style>
      body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem; }
      dt { font-weight: 600; }
      code { background: #eef; padding: 0.1rem 0.3rem; }
    </style>
  </head>
  <body>
    <h1>${escaped(greeting)}</h1>
    <dl>
      <dt>Dyno</dt><dd>${escaped(dyno)}</dd>
      <dt>Release</dt><dd>${escaped(release)}</dd>
      <dt>Node.js</dt><dd>${escaped(node)}</dd>
    </dl>
    <p>Try <code>nomapaas config:set GREETING="Good morning"</code>.</p>
  </body>
</html>
`;
