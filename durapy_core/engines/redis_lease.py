"""The lease of a service on Redis: a hash that only these scripts write.

Its fields: `token` of the holder (gone once released), `epoch`, `until` (the server's time),
`lease_s`, `run_id` of the server, `clients` (the ids of the holder's connections), `mark`,
`touched` (the present holder wrote that mark), `attempts`, and `cursor` as it was at the last
takeover.

What fences a former holder off is the death of its connections: whoever takes the lease has the
server kill them, and only then reads the progress. A connection is registered, by proof of the
token, before anything else goes over it. So an XADD pays nothing for the fence.
"""

from typing import Final

from durapy_core.engines.lead import Tenure, lost
from durapy_core.engines.redis_commit import parse_progress, progress_key
from durapy_core.engines.redis_link import Link
from durapy_core.engines.redis_script import Script
from durapy_core.engines.redis_wire import pack

_TAKE: Final = Script("""
local run = run_id()
local f = redis.call('HMGET', KEYS[1], 'token', 'until', 'lease_s', 'run_id', 'clients')
if f[1] and f[1] ~= ARGV[1] then
    -- Longer than a lease from now: the server's clock was set back. Its holder renews in time.
    if tonumber(f[2]) > now + f[3] then
        redis.call('HSET', KEYS[1], 'until', text(now + f[3]))
        return false
    end
    if now <= tonumber(f[2]) then return false end
end
if f[4] ~= run then
    f[5] = ''
    redis.call('HSET', KEYS[1], 'run_id', run, 'clients', '')
end
if f[1] ~= ARGV[1] then
    redis.call('HINCRBY', KEYS[1], 'epoch', 1)
    redis.call('HSET', KEYS[1], 'token', ARGV[1], 'lease_s', ARGV[2],
        'until', text(now + ARGV[2]), 'found', f[1] and 'held' or 'free', 'held_until', f[2] or '0')
end
return f[5] or ''
""")
_SETTLE: Final = Script("""
local f = redis.call('HMGET', KEYS[1], 'token', 'epoch', 'found', 'held_until', 'mark', 'attempts',
    'cursor', 'settled', 'touched')
if f[1] ~= ARGV[1] then return false end
local p = redis.call('HMGET', KEYS[2], 'cursor', 'session')
local attempts = tonumber(f[6] or 0)
if f[8] ~= ARGV[1] then
    if f[3] == 'free' or (p[1] or '') ~= (f[7] or '') then attempts = 0 end
    if f[3] ~= 'free' then attempts = math.max(attempts + (f[9] or 0), 1) end
    redis.call('HDEL', KEYS[1], 'touched')
    redis.call('HSET', KEYS[1], 'attempts', attempts, 'cursor', p[1] or '', 'clients', '',
        'settled', ARGV[1])
end
return {f[2], f[3], attempts, f[5], f[4], text(now), p[1], p[2]}
""")
_JOIN: Final = Script("""
local f = redis.call('HMGET', KEYS[1], 'token', 'run_id', 'epoch', 'clients')
local run = run_id()
if f[1] ~= ARGV[1] then
    -- A server that came back without this lease; nobody has taken it since.
    if f[1] or f[2] == run or tonumber(f[3] or 0) >= tonumber(ARGV[2]) then return 0 end
    redis.call('HSET', KEYS[1], 'token', ARGV[1], 'epoch', ARGV[2])
end
local clients = {ARGV[4]}
if f[2] == run then
    for id in string.gmatch(f[4] or '', '%d+') do
        if id ~= ARGV[5] then table.insert(clients, id) end
    end
else
    redis.call('HSET', KEYS[1], 'run_id', run, 'lease_s', ARGV[3], 'until', text(now + ARGV[3]))
end
redis.call('HSET', KEYS[1], 'clients', table.concat(clients, ' '))
return 1
""")
_RENEW: Final = Script("""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return false end
redis.call('HSET', KEYS[1], 'until', text(now + ARGV[2]))
return text(now)
""")
_MARK: Final = Script("""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return false end
return redis.call('HSET', KEYS[1], 'mark', ARGV[2], 'touched', 1)
""")
_RELEASE: Final = Script("""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'token')
redis.call('HSET', KEYS[1], 'released', ARGV[1])
redis.call('XADD', KEYS[2], '*', 'type', 'RELEASED', 'body', '{}', 'sender', ARGV[2])
return 1
""")
_FORGET: Final = Script("""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
for _, key in ipairs(KEYS) do
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
        if key ~= KEYS[1] or (fields[i] ~= 'epoch' and fields[i] ~= 'run_id') then
            redis.call('HDEL', key, fields[i])
        end
    end
end
redis.call('HSET', KEYS[1], 'released', ARGV[1])
return 1
""")


class RedisLease:
    """One process's claim on the lease of one service."""

    def __init__(self, prefix: str, service: str, *, token: str, lease_s: float) -> None:
        self.service = service
        self.token = token
        self._epoch = 0
        self._lease_s = f"{lease_s:.6f}"
        self._prefix = prefix
        self._key = f"{prefix}lease:{service}"

    def take(self, link: Link) -> Tenure | None:
        """Take the lease, have the former holder's connections killed, and see what it left.

        None: another process holds it. Does no harm when it is called again after a lost reply.
        """
        former = _TAKE.run(link, (self._key,), self.token, self._lease_s)
        if former is None:
            return None
        for client_id in former.split():
            link.call(pack("CLIENT", "KILL", "ID", client_id))
        keys = (self._key, progress_key(self._prefix, self.service))
        found = _SETTLE.run(link, keys, self.token)
        if found is None:
            return None
        epoch, way, attempts, mark, held_until_s, now_s, cursor, session = found
        self._epoch = int(epoch)
        return Tenure(
            epoch=self._epoch,
            progress=parse_progress(self.service, cursor, session),
            clean=way == b"free",
            attempts=attempts,
            mark=None if mark is None else mark.decode(errors="replace"),
            held_until_s=float(held_until_s),
            now_s=float(now_s),
        )

    def join(self, link: Link, client_id: int, former: int | None) -> None:
        """Register a connection of the holder, in the place of its `former` one.

        On a server that has restarted this takes the lease again, unless somebody else has it.

        Raises:
            LeaseLostError: another process holds it, or it was given up.
        """
        values = (self.token, self._epoch, self._lease_s, client_id, former or "")
        if not _JOIN.run(link, (self._key,), *values):
            raise lost(self.service)

    def renew(self, link: Link) -> float:
        """Extend the lease, and return the server's time."""
        now_s = _RENEW.run(link, (self._key,), self.token, self._lease_s)
        if now_s is None:
            raise lost(self.service)
        return float(now_s)

    def mark(self, link: Link, key: str) -> None:
        """Keep the key of the record that is about to be handled."""
        if _MARK.run(link, (self._key,), self.token, key) is None:
            raise lost(self.service)

    def pack_unmark(self) -> bytes:
        """Return the request that removes the mark."""
        return pack("HDEL", self._key, "mark", "touched")

    def pack_release(self, leases: str) -> bytes:
        """Return the request that gives the lease up and says so in the stream `leases`.

        Its result is 0 if the lease is another's by now.
        """
        values = (self._key, leases, self.token, self.service)
        return pack("EVAL", _RELEASE.source, 2, *values)

    def pack_forget(self) -> bytes:
        """Return the request that removes the progress and all of the lease but its epoch.

        Its result is 0 if the lease is another's by now.
        """
        keys = (self._key, progress_key(self._prefix, self.service))
        return pack("EVAL", _FORGET.source, len(keys), *keys, self.token)

    def was_released(self, link: Link) -> bool:
        """Return whether the lease was given up by this process."""
        return bool(link.call(pack("HGET", self._key, "released")) == self.token.encode())
