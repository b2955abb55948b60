"""Single-use codes: redeemed once, by one of many, within ten minutes."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from durapy_core.engines.base import Row
from durapy_core.engines.memory import MemoryEngine
from durapy_core.login_code import CODES, VALID_S, mint, redeem


class AgedEngine(MemoryEngine):
    """A memory engine whose tables can be made older."""

    older_s = 0.0

    def table(self, table: str) -> dict[str, Row]:
        rows = super().table(table)
        return {n: Row(text=r.text, age_s=r.age_s + self.older_s) for n, r in rows.items()}


def test_a_code_is_good_once() -> None:
    with MemoryEngine() as engine:
        code = mint(engine)

        assert redeem(engine, code)
        assert not redeem(engine, code)


def test_another_code_is_no_good_and_uses_nothing_up() -> None:
    with MemoryEngine() as engine:
        code = mint(engine)

        assert not redeem(engine, code + "x")
        assert not redeem(engine, "")
        assert not redeem(engine, "\ud800")
        assert redeem(engine, code)


def test_of_many_who_redeem_at_once_one_wins() -> None:
    with MemoryEngine() as engine, ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            code, together = mint(engine), Barrier(16)

            def attempt(code: str = code, together: Barrier = together) -> bool:
                together.wait()
                return redeem(engine, code)

            wins = [pool.submit(attempt) for _ in range(16)]

            assert sum(win.result() for win in wins) == 1


def test_a_code_is_good_for_ten_minutes_and_forgotten_afterwards() -> None:
    with AgedEngine() as engine:
        old, young = mint(engine), mint(engine)
        engine.older_s = VALID_S - 1
        assert redeem(engine, young)

        engine.older_s = VALID_S + 1
        assert not redeem(engine, old)
        mint(engine)
        engine.older_s = 0
        assert len(engine.table(CODES)) == 1


def test_the_store_does_not_hold_the_code_itself() -> None:
    with MemoryEngine() as engine:
        code = mint(engine)

        assert code not in str(engine.table(CODES))
