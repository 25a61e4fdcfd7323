-- The certificates of the edge: pushed at run time into a shared dict, chosen by the name that a client asks for.
--
-- The dict has `host NAME` → id, `pair ID` → what belongs together, `token NAME` → the answer to an ACME challenge, and
-- `keys`, which names all of these. An id is made of the pair's bytes, so what a worker has parsed stays true for ever.

local cjson = require("cjson.safe")
local keep = require("keep")
local lrucache = require("resty.lrucache")
local settings = require("settings")
local ssl = require("ngx.ssl")

local shared = ngx.shared.certs

local MOST_PARSED = 500 -- pairs that each worker keeps at hand
local TOKEN = "^[%w_-]+$"

local certs = {}

local parsed = lrucache.new(MOST_PARSED)

local function is_host(text)
    return type(text) == "string" and (text:find("^[%w._-]+$") or text:find("^%*%.[%w._-]+$")) ~= nil
end

-- Reads a chain and its key; nil and why when they are none.
local function read(chain, key)
    local read_chain, problem = ssl.parse_pem_cert(chain)
    if not read_chain then
        return nil, problem
    end
    local read_key, trouble = ssl.parse_pem_priv_key(key)
    if not read_key then
        return nil, trouble
    end
    return { chain = read_chain, key = read_key }
end

-- The platform's own certificates share a key, and OpenSSL takes a millisecond to read one.
local function is_key(text, good)
    if not good[text] then
        local key, problem = ssl.parse_pem_priv_key(text)
        if not key then
            return nil, problem
        end
        good[text] = true
    end
    return true
end

-- What to keep of a pair, under a name made of its bytes; nil and why when it is none. One that is known is not read
-- again: of a thousand certificates one is new, and requests wait while they are read. Without `good_keys` none is.
local function kept(record, good_keys)
    if type(record.chain) ~= "string" or type(record.key) ~= "string" then
        return nil, "a chain or a key is missing"
    end
    local name = "pair " .. ngx.md5(record.chain .. record.key)
    local known = shared:get(name)
    if known then
        return name, known
    end
    local text = cjson.encode({ chain = record.chain, key = record.key })
    if not good_keys then
        return name, text
    end
    local chain, problem = ssl.parse_pem_cert(record.chain)
    if not chain then
        return nil, problem
    end
    local good, trouble = is_key(record.key, good_keys)
    if not good then
        return nil, trouble
    end
    return name, text
end

local function add_pair(entries, record, hosts, good_keys)
    local name, text = kept(record, good_keys)
    if not name or type(hosts) ~= "table" then
        ngx.log(ngx.ERR, "a certificate is left out: ", name and "it has no hosts" or text)
        return 1
    end
    entries[name] = text
    local id = name:sub(6)
    for _, host in ipairs(hosts) do
        if is_host(host) then
            entries["host " .. host:lower()] = id
        end
    end
    return 0
end

-- The entries that a pushed document makes, and how many certificates were left out; or nil and a sentence.
local function entries_of(text, good_keys)
    local pushed, problem = cjson.decode(text)
    if type(pushed) ~= "table" then
        return nil, "The certificates are not JSON: " .. tostring(problem) .. "."
    end
    local entries, skipped = {}, 0
    for _, record in ipairs(type(pushed.certs) == "table" and pushed.certs or {}) do
        -- A record comes as the text that lies in Consul, so that a broken one harms its own app only.
        record = type(record) == "table" and record or {}
        local about = cjson.decode(tostring(record.record))
        skipped = skipped + add_pair(entries, record, type(about) == "table" and about.hosts, good_keys)
    end
    for _, text_of_leaf in ipairs(type(pushed.leaves) == "table" and pushed.leaves or {}) do
        local leaf = cjson.decode(tostring(text_of_leaf))
        if type(leaf) == "table" then
            skipped = skipped + add_pair(entries, { chain = leaf.chain, key = pushed.zone_key }, leaf.hosts, good_keys)
        else
            skipped = skipped + 1
        end
    end
    for token, answer in pairs(type(pushed.challenges) == "table" and pushed.challenges or {}) do
        if token:find(TOKEN) and type(answer) == "string" then
            entries["token " .. token] = answer
        end
    end
    return entries, skipped
end

-- Makes a document the current one. Returns true, or nil and a sentence.
local function store(text, good_keys)
    local entries, skipped = entries_of(text, good_keys)
    if not entries then
        return nil, skipped
    end
    local keys, pairs_count = {}, 0
    for key, value in pairs(entries) do
        keys[#keys + 1] = key
        pairs_count = pairs_count + (key:sub(1, 5) == "pair " and 1 or 0)
        if shared:get(key) ~= value then
            local ok, problem = shared:safe_set(key, value)
            if not ok then
                return nil, "The certificates do not fit into the router's memory: " .. problem .. "."
            end
        end
    end
    for _, key in ipairs(cjson.decode(shared:get("keys") or "[]")) do
        if not entries[key] then
            shared:delete(key)
        end
    end
    shared:set("keys", cjson.encode(keys))
    shared:set("count", pairs_count)
    shared:set("skipped", skipped)
    return true
end

function certs.store(text)
    return store(text, {})
end

-- Before the workers start: the last certificates that were accepted. They were looked at then.
function certs.restore()
    local text = keep.read(settings.certs_file)
    if not text then
        return
    end
    local ok, problem = store(text)
    if not ok then
        ngx.log(ngx.ERR, "the kept certificates are not used: ", problem)
    end
end

local function id_of(name)
    local id = shared:get("host " .. name)
    local dot = not id and name:find(".", 1, true)
    return id or (dot and shared:get("host *" .. name:sub(dot))) or nil
end

local function pair_of(id)
    local pair = parsed:get(id)
    if pair then
        return pair
    end
    local kept = cjson.decode(shared:get("pair " .. id) or "")
    pair = kept and read(kept.chain, kept.key)
    if pair then
        parsed:set(id, pair)
    end
    return pair
end

-- During a handshake: the certificate of the name that was asked for. A name of nobody gets the one of nginx.conf,
-- which nobody trusts.
function certs.choose()
    local name = ssl.server_name()
    local id = name and id_of(name:lower())
    local pair = id and pair_of(id)
    if not pair then
        return
    end
    ssl.clear_certs()
    local ok, problem = ssl.set_cert(pair.chain)
    if ok then
        ok, problem = ssl.set_priv_key(pair.key)
    end
    if not ok then
        ngx.log(ngx.ERR, "the certificate of ", name, " cannot be used: ", problem)
        return ngx.exit(ngx.ERROR)
    end
end

-- What an ACME server that asks for this token is to be told; nil for a token that nobody waits for.
function certs.challenge(token)
    return token and token:find(TOKEN) and shared:get("token " .. token)
end

function certs.state()
    return { certificates = shared:get("count") or 0, certificates_skipped = shared:get("skipped") or 0 }
end

return certs
