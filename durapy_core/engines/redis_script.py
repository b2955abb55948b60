"""Scripts that the server runs in one atomic step, sent by their digest once it knows them."""

from hashlib import sha1
from typing import Any, Final

from durapy_core.engines.redis_link import Link, MissingScriptError
from durapy_core.engines.redis_wire import pack

_PRELUDE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local function text(number) return string.format('%.6f', number) end
local function run_id()
    return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
end
"""


class Script:
    """One script in Lua; `now`, `text(seconds)` and `run_id()` are defined in it."""

    def __init__(self, text: str) -> None:
        self.source = (_PRELUDE + text).encode()
        self._digest = sha1(self.source, usedforsecurity=False).hexdigest()

    def run(self, link: Link, keys: tuple[str, ...], *values: str | int) -> Any:
        """Return what the script returns."""
        rest = (len(keys), *keys, *values)
        try:
            return link.call(pack("EVALSHA", self._digest, *rest))
        except MissingScriptError:
            return link.call(pack("EVAL", self.source, *rest))
