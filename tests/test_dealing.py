"""How the tests are dealt out names what there is, and a network of their own is one."""

import socket
from pathlib import Path

from tests.support.checkout import ROOT
from tests.support.dealing import FIRST, LAST, TOGETHER, group_of, place_of
from tests.support.own_network import in_own_network, is_possible

FILES = [file.relative_to(ROOT) for file in (ROOT / "tests").rglob("test_*.py")]


def test_every_name_is_that_of_a_file_or_a_group() -> None:
    assert [p for p in TOGETHER if not any(file.match(p) for file in FILES)] == []
    assert {*FIRST, *LAST} <= {group_of(file) for file in FILES}


def test_the_browser_waits_for_the_containers_only_where_they_share_a_network() -> None:
    page, engine = (group_of(Path(f"tests/{name}.py")) for name in ("browser/test_x", "test_x"))

    assert place_of(page, browser_last=False) == place_of(engine, browser_last=False)
    assert place_of(page, browser_last=True) > place_of(engine, browser_last=True)
    assert place_of(LAST[0], browser_last=True) > place_of(page, browser_last=True)


def test_what_listens_outside_is_out_of_reach_inside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        with in_own_network():
            reached_inside = _is_reached(outside)
        assert reached_inside is not is_possible()
        assert _is_reached(outside)


def test_what_listens_inside_is_reached_there() -> None:
    with in_own_network(), socket.create_server(("127.0.0.1", 0)) as inside:
        assert _is_reached(inside)


def _is_reached(server: socket.socket) -> bool:
    try:
        socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError:
        return False
    return True
