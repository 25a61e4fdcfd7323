-- Where dynos are.

local addresses = {}

-- An address as nginx wants it, or nil. A wrong one must not come through: nginx might read something else from it.
function addresses.parse(text)
    if type(text) ~= "string" then
        return nil
    end
    if text:find("^%x*:[%x:]*:%x*$") then
        return "[" .. text .. "]"
    end
    local bytes = { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
    for _, byte in ipairs(bytes) do
        if tonumber(byte) > 255 then
            return nil
        end
    end
    return bytes[4] and text
end

return addresses
