-- The request lines on their way to the node agent: gathered for a moment and sent many to a datagram, because a system
-- call for each would cost more than all the rest of this router. What cannot be sent now is kept, up to a limit.

local ffi = require("ffi")
local settings = require("settings")

local MOMENT = 0.1
local DATAGRAM = 60000
local MOST_KEPT = 64 -- datagrams

local lines = { LONGEST = 10000 } -- bytes of one; the rest is cut off

local buffer = ffi.new("unsigned char[?]", DATAGRAM)
local used = 0
local full = {} -- datagrams that wait for `flush`
local armed = false
local lost = 0

-- A new socket to the node agent, or false; only where there may be one (in timers).
function lines.connect()
    local socket = ngx.socket.udp()
    local ok = socket:setpeername("unix:" .. settings.log_socket)
    return ok and socket
end

-- Sends one datagram, waiting for an agent that is busy or away; false when the worker ends meanwhile.
local function deliver(socket, datagram)
    local pause = 0.005
    while true do
        if socket and socket:send(datagram) then
            return socket
        end
        if ngx.worker.exiting() then
            return false
        end
        ngx.sleep(pause)
        pause = math.min(pause * 2, 1)
        socket = lines.connect()
    end
end

local function close_datagram()
    if used > 0 then
        full[#full + 1] = ffi.string(buffer, used - 1)
        used = 0
    end
end

local function send_gathered()
    local socket = lines.connect()
    close_datagram()
    while full[1] do
        socket = deliver(socket, full[1])
        if socket == false then
            return
        end
        table.remove(full, 1)
    end
end

local function flush()
    send_gathered()
    if lost > 0 then
        ngx.log(ngx.ERR, lost, " request lines were lost because the node agent took none.")
        lost = 0
    end
    armed = false
    if used > 0 then
        lines.arm()
    end
end

-- A worker that is ending accepts no timer but one that is due at once.
function lines.arm()
    armed = ngx.timer.at(ngx.worker.exiting() and 0 or MOMENT, flush) and true or false
end

-- Adds a line: a string, or so many bytes.
function lines.add(line, size)
    size = size or #line
    if size > lines.LONGEST then
        size = lines.LONGEST
    end
    if used + size + 1 > DATAGRAM then
        if #full >= MOST_KEPT then
            lost = lost + 1
            return
        end
        close_datagram()
    end
    ffi.copy(buffer + used, line, size)
    buffer[used + size] = 10
    used = used + size + 1
    if not armed then
        lines.arm()
    end
end

local function hexadecimal(character)
    return ("\\x%02X"):format(character:byte())
end

-- Turns quotes, backslashes and whatever is not plain ASCII into \xXX, so that no request can forge a line.
function lines.escape(text)
    return ((text or ""):gsub('[%z\1-\31"\\\127-\255]', hexadecimal))
end

return lines
