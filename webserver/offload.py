"""The one door from the event loop to blocking calls: bounded threads, a time limit, one error.

Engines are synchronous. No file of the web server calls one on the loop; it hands the call in here
and awaits. When the store is away, callers get EngineUnavailableError in time for an answer.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from typing import Final, TypeVar, cast

from loguru import logger

from durapy_core.errors import EngineUnavailableError

T = TypeVar("T")

THREADS: Final = 8
TIMEOUT_S: Final = 4.0
_FILE_THREADS: Final = 2
_URGENT_THREADS: Final = 2
_PAGE_THREADS: Final = 4
PAGE_TIMEOUT_S: Final = 10.0
_MOST_WAITING: Final = 256
_STOPPING: Final = "The web server is stopping; try again when it is back."


class Offload:
    """Runs blocking calls on threads of its own, and knows whether the store answered last."""

    def __init__(self, *, threads: int = THREADS, timeout_s: float = TIMEOUT_S) -> None:
        # While every thread of the first hangs on the store, pages are still served, and the safe
        # state can still be entered.
        self._for_engine = ThreadPoolExecutor(threads, thread_name_prefix="engine")
        self._for_files = ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="files")
        self._for_urgent = ThreadPoolExecutor(_URGENT_THREADS, thread_name_prefix="urgent")
        self._for_passwords = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._page_slots: dict[str, asyncio.Semaphore] = {}
        self._timeout_s = timeout_s
        self._waiting = 0
        self._closed = False
        self.engine_ok = True

    async def run(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, without a time limit: for files and templates."""
        return await self._on(self._for_files, call)

    async def password(self, call: Callable[[], bool]) -> bool:
        """Return what `call` returns; it compares a password, which is slow on purpose.

        One after the other, so that strangers who guess hold up nobody but each other.
        """
        return await self._on(self._for_passwords, call)

    async def engine(self, call: Callable[[], T]) -> T:
        """Return what `call` returns; it asks the store.

        Raises:
            EngineUnavailableError: the store did not answer in time. What was to be written may
                be written later all the same.
        """
        if self._waiting >= _MOST_WAITING:
            raise EngineUnavailableError("The store is too slow for what is asked; try again.")
        self._waiting += 1
        try:
            return await self._ask(self._for_engine, call)
        finally:
            self._waiting -= 1

    async def urgent(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, as `engine`, but without waiting behind those calls.

        For the safe state only.
        """
        return await self._ask(self._for_urgent, call)

    async def page(
        self, call: Callable[[], T], *, owner: str, limit_s: float = PAGE_TIMEOUT_S
    ) -> T:
        """Return what `call` returns; it is code of a page, which may read files and the store.

        It may hang on anything, for good, so each `owner` has threads that no other needs, and
        that the end of the process does not wait for.

        Raises:
            TimeoutError: it took too long. What it has begun goes on.
        """
        slots = self._page_slots.setdefault(owner, asyncio.Semaphore(_PAGE_THREADS))
        try:
            async with asyncio.timeout(limit_s) as limit:
                await slots.acquire()
                return await _on_own_thread(call, slots.release)
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimeoutError(f"the page's own code took longer than {limit_s:g} s") from None

    def close(self) -> None:
        """Take no more calls; those under way end with their engine.

        Who asks from now on, or waits for a thread, gets EngineUnavailableError.
        """
        self._closed = True
        self._for_engine.shutdown(wait=False, cancel_futures=True)
        self._for_urgent.shutdown(wait=False, cancel_futures=True)
        self._for_files.shutdown(wait=False, cancel_futures=True)
        self._for_passwords.shutdown(wait=False, cancel_futures=True)

    async def _on(self, pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        if self._closed:
            raise EngineUnavailableError(_STOPPING)
        future = asyncio.get_running_loop().run_in_executor(pool, call)
        try:
            return await future
        except asyncio.CancelledError:
            if self._closed and future.cancelled():
                raise EngineUnavailableError(_STOPPING) from None
            raise

    async def _ask(self, pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        try:
            result = await self._within_limit(pool, call)
        except EngineUnavailableError as error:
            self._note(ok=False, why=str(error))
            raise
        self._note(ok=True)
        return result

    async def _within_limit(self, pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._on(pool, call)
        except TimeoutError:
            raise EngineUnavailableError(
                f"The store did not answer in {self._timeout_s:g} s; try again. "
                "Whether anything was stored is unknown: look at the history."
            ) from None

    def _note(self, *, ok: bool, why: str = "") -> None:
        if ok != self.engine_ok and not self._closed:
            self.engine_ok = ok
            if ok:
                logger.info("the store answers again")
            else:
                logger.warning("the store does not answer: {why}", why=why)


def _on_own_thread(call: Callable[[], T], ended: Callable[[], None]) -> asyncio.Future[T]:
    """Return what will hold the result of `call`; `ended` is called on the loop in any case."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        ended()
        if future.done():
            return  # nobody waits any more
        if error is None:
            future.set_result(cast("T", result))
        else:
            future.set_exception(error)

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call()
        except StopIteration as raised:
            error = RuntimeError(f"StopIteration: {raised}")  # itself is taken by no future
        except BaseException as raised:  # noqa: BLE001 (raised again by whoever awaits)
            error = raised
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, result, error)

    Thread(target=work, name="page", daemon=True).start()
    return future
