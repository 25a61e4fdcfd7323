-- Small files that outlive a restart.

local keep = {}

-- The rename makes it whole or not there at all. Returns true, or nil and why.
function keep.save(path, text)
    local temporary = path .. ".new"
    local file, err = io.open(temporary, "w")
    if not file then
        return nil, err
    end
    local written, problem = file:write(text)
    local closed, trouble = file:close()
    if not written or not closed then
        return nil, problem or trouble
    end
    return os.rename(temporary, path)
end

-- What was saved there; nil when nothing was.
function keep.read(path)
    local file = io.open(path, "r")
    if not file then
        return nil
    end
    local text = file:read("*a")
    file:close()
    return text
end

return keep
