"""The safe state on Redis: a hash, changed in one step with the two logs that tell of it."""

import secrets
from dataclasses import replace
from typing import Any, Final

from durapy_core.engines.base import COMMANDS, SAFETY
from durapy_core.engines.redis_control import Control
from durapy_core.engines.redis_script import Script
from durapy_core.engines.redis_send import KEEP_ID_S
from durapy_core.engines.redis_wire import pack
from durapy_core.engines.safe_state import SafeState, SafeStateKeeper
from durapy_core.entry import NewEntry, check_entry

_FIELDS: Final = ("engaged", "key", "marker")
_SET: Final = Script("""
if redis.call('EXISTS', KEYS[4]) == 0 then
    local key = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 3))
    local marker = redis.call('XADD', KEYS[2], '*', 'cause', key, unpack(ARGV, 3))
    redis.call('HSET', KEYS[3], 'engaged', ARGV[1], 'key', key, 'marker', marker)
    redis.call('SET', KEYS[4], key, 'EX', ARGV[2])
end
return redis.call('HMGET', KEYS[3], 'engaged', 'key', 'marker')
""")


class RedisSafeState(SafeStateKeeper):
    """The part of the engine that keeps the safe state."""

    _control: Control
    _prefix: str

    def set_safe_state(self, entry: NewEntry, *, engaged: bool) -> SafeState:
        """Enter or leave the safe state in one step; see `Engine.set_safe_state`.

        An entry without an `id` is given one, so that a lost reply does not double it.
        """
        check_entry(entry)
        send_id = entry.id or secrets.token_hex(8)
        names = (SAFETY, COMMANDS, "safe_state", f"sent:{SAFETY}:{send_id}")
        keys = tuple(self._prefix + name for name in names)
        values = (int(engaged), KEEP_ID_S, *_fields(replace(entry, id=send_id)))
        return _state(self._control.run(lambda link: _SET.run(link, keys, *values)))

    def safe_state(self) -> SafeState:
        """Return whether the safe state is engaged."""
        return _state(self._control.call(pack("HMGET", f"{self._prefix}safe_state", *_FIELDS)))


def _fields(entry: NewEntry) -> list[str | int]:
    """Return the fields of an entry for XADD; its cause and number are the engine's to give."""
    fields: list[str | int] = ["type", entry.type, "body", entry.body]
    for name in ("id", "sender", "sent_ns"):
        value = getattr(entry, name)
        if value is not None:
            fields += [name, value]
    return fields


def _state(found: list[Any]) -> SafeState:
    engaged, key, marker = found
    if key is None:
        return SafeState()
    return SafeState(engaged=engaged == b"1", key=key.decode(), marker=marker.decode())
