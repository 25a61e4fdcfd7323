-- What nginx.conf was rendered with; filled in once, before the workers start.

local settings = {}

function settings.set(values)
    for name, value in pairs(values) do
        settings[name] = value
    end
end

return settings
