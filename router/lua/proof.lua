-- Which dynos a probe has found to take connections, before Consul's own check said so: known to all workers.

local KEPT = 60 -- seconds; long before, Consul's check or the dyno's end is in the table

local shared = ngx.shared.edge

local proof = {}

-- Who a dyno is: an address alone may be another one's later.
function proof.identity_of(dyno)
    return dyno.alloc .. " " .. dyno.addr
end

function proof.keep(dyno)
    shared:set("probed " .. proof.identity_of(dyno), ngx.now(), KEPT)
end

-- When that was; nil when it was not, or too long ago.
function proof.has(dyno)
    return shared:get("probed " .. proof.identity_of(dyno))
end

return proof
