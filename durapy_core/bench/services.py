"""DuraPy's own players: ordinary services, run as `durapy run` runs them."""

import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from durapy_core.bench.commands import DataCommand, GoCommand, PingCommand, PongCommand
from durapy_core.bench.roles import UP, Pinger, Receiver, paced
from durapy_core.context import Context, ServiceContext
from durapy_core.runtime import run_service
from durapy_core.service import Service
from durapy_core.settings import Settings
from durapy_core.store import open_store


def run_player(role: str, name: str, tell: Connection, settings: Settings) -> None:
    """Run the service `name` of a role; it tells when it is up, and the result of each turn."""
    service = Service(name)
    _ROLES[role](service, tell)

    @service.on_start
    def tell_that_it_is_up(ctx: ServiceContext) -> None:
        tell.send(UP)

    with open_store(settings) as engine:
        run_service(service, engine, settings)


def _pinger(service: Service, tell: Connection) -> None:
    pinger = Pinger(tell)

    @service.on(GoCommand)
    def go(command: GoCommand, ctx: Context) -> None:
        ctx.send(PingCommand(key=pinger.begin(command.count)))

    @service.on(PongCommand)
    def again(pong: PongCommand, ctx: Context) -> None:
        key = pinger.next()
        if key is not None:
            ctx.send(PingCommand(key=key))


def _ponger(service: Service, tell: Connection) -> None:
    @service.on(PingCommand)
    def answer(ping: PingCommand, ctx: Context) -> None:
        ctx.send(PongCommand(input_key=ping.key, output_key=ping.key[::-1]))


def _sender(service: Service, tell: Connection) -> None:
    @service.on(GoCommand)
    def go(command: GoCommand, ctx: Context) -> None:
        text = "x" * command.size_bytes
        for numbers in paced(command.count, command.batch, command.every_s):
            now_s = time.perf_counter()
            if command.batch == 1:
                ctx.send(DataCommand(sent_s=now_s, left=numbers[0], text=text))
            else:
                ctx.send_many(DataCommand(sent_s=now_s, left=n, text=text) for n in numbers)


def _receiver(service: Service, tell: Connection) -> None:
    receiver = Receiver(tell)

    @service.on(DataCommand)
    def take(data: DataCommand, ctx: Context) -> None:
        receiver.take(data.sent_s, data.left)


_ROLES: dict[str, Callable[[Service, Connection], None]] = {
    "pinger": _pinger,
    "ponger": _ponger,
    "sender": _sender,
    "receiver": _receiver,
}
