"""Trimming and mending the streams of a rig on Redis.

There is no command for "the n-th id", so what exceeds a number is stepped through from the oldest
on, in steps short enough that nobody waits for one.
"""

from typing import Final

from durapy_core.engines.redis_control import Control
from durapy_core.engines.redis_link import Link, MissingKeyError
from durapy_core.engines.redis_script import Script
from durapy_core.engines.redis_wire import FIRST, order_of, pack
from durapy_core.engines.upkeep import Upkeep
from durapy_core.entry import LOG_LOST_TAIL, START, Cursor

_STEP: Final = 100
_IDS: Final = """
local function parse(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(seq)
end
local function next_id(id)
    local ms, seq = parse(id)
    return string.format('%.0f-%.0f', ms, seq + 1)
end
local function after(one, other)
    local a, b = parse(one)
    local c, d = parse(other)
    return a > c or (a == c and b > d)
end
local function trim_to(last)
    if not last then return 0 end
    local count = redis.call('XTRIM', KEYS[1], 'MINID', next_id(last[1]))
    if count > 0 then redis.call('HSET', KEYS[2], ARGV[1], last[1]) end
    return count
end
"""
_TRIM_OLD: Final = Script(
    _IDS
    + """
local stop = string.format('(%.0f-0', math.max((now - ARGV[2]) * 1000, 1))
local last = redis.call('XREVRANGE', KEYS[1], stop, '-', 'COUNT', 1)[1]
if last and ARGV[3] ~= '' and after(last[1], ARGV[3]) then
    last = redis.call('XREVRANGE', KEYS[1], ARGV[3], '-', 'COUNT', 1)[1]
end
return trim_to(last)
"""
)
_TRIM_MANY: Final = Script(
    _IDS
    + """
local excess = redis.call('XLEN', KEYS[1]) - ARGV[2]
if excess <= 0 then return 0 end
local stop = ARGV[3] == '' and '+' or ARGV[3]
local oldest = redis.call('XRANGE', KEYS[1], '-', stop, 'COUNT', math.min(excess, ARGV[4]))
return trim_to(oldest[#oldest])
"""
)
_MEND: Final = Script(
    _IDS
    + """
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then last = info[i + 1] end
    end
end
local seen, id, left = ARGV[1], next_id(ARGV[1]), last == '0-0' and '' or last
if not after(seen, last) then
    -- It goes on behind `seen`, which is missing: lost, and others have sent since.
    local trimmed = redis.call('HGET', KEYS[2], ARGV[3])
    if redis.call('XRANGE', KEYS[1], seen, seen)[1]
        or (trimmed and not after(seen, trimmed))
        or redis.call('HGET', KEYS[3], ARGV[3]) == run_id() then return 0 end
    local before = redis.call('XREVRANGE', KEYS[1], '(' .. seen, '-', 'COUNT', 1)[1]
    id, left = '*', before and before[1] or ''
end
redis.call('XADD', KEYS[1], id, 'type', ARGV[2],
    'body', '{"seen":"' .. seen .. '","end":"' .. left .. '"}')
redis.call('HSET', KEYS[3], ARGV[3], run_id())
return 1
"""
)


class RedisUpkeep(Upkeep):
    """The part of the engine that keeps its logs in shape."""

    _control: Control
    _prefix: str

    def trim(
        self,
        log: str,
        *,
        keep: int | None = None,
        max_age_s: float | None = None,
        not_after: Cursor | None = None,
    ) -> int:
        """Remove old entries; see `Engine.trim`."""
        if not_after is not None and order_of(not_after) == (0, 0):
            return 0
        limit, removed = not_after or "", 0
        if max_age_s is not None:
            removed += self._trim(_TRIM_OLD, log, f"{max_age_s:.6f}", limit)
        while keep is not None and (count := self._trim(_TRIM_MANY, log, str(keep), limit)):
            removed += count
        return removed

    def trimmed_to(self, log: str) -> Cursor:
        """Return the key of the last entry that was removed."""
        found = self._control.call(pack("HGET", self._prefix + "trimmed", log))
        return START if found is None else Cursor(found.decode())

    def end_of_empty(self, log: str) -> Cursor:
        """Return the key of the last entry of a log from which all were removed, by whomever."""
        last = self._control.run(lambda link: _last_key(link, self._prefix + log))
        return self.trimmed_to(log) if last == FIRST else Cursor(last)

    def mend(self, log: str, *, seen: Cursor) -> bool:
        """Return whether the log ends before a cursor; see `Engine.mend`."""
        order_of(seen)
        return self._control.run(lambda link: mend(link, self._prefix, log, seen))

    def _trim(self, script: Script, log: str, bound: str, limit: str) -> int:
        keys = (self._prefix + log, self._prefix + "trimmed")
        values = (log, bound, limit, _STEP)
        return self._control.run(lambda link: int(script.run(link, keys, *values)))


def mend(link: Link, prefix: str, log: str, seen: str) -> bool:
    """Return whether a stream lost the entry `seen`, and append what says so.

    Behind `seen` if the stream ends before it; at its end, once for each run of the server, if
    others have appended since.
    """
    stream = prefix + log
    ends_before = order_of(seen) > order_of(_last_key(link, stream))
    if order_of(seen) == (0, 0) or (
        not ends_before and link.call(pack("XRANGE", stream, seen, seen))
    ):
        return False  # asked without a script first: a user who may only read can do that
    keys = (stream, f"{prefix}trimmed", f"{prefix}lost")
    return bool(_MEND.run(link, keys, seen, LOG_LOST_TAIL, log))


def _last_key(link: Link, stream: str) -> str:
    try:
        info = link.call(pack("XINFO", "STREAM", stream))
    except MissingKeyError:
        return FIRST
    values = dict(zip(info[::2], info[1::2], strict=True))
    key: bytes = values[b"last-generated-id"]
    return key.decode()
