"""A store in which every field that others write holds text that would like to be HTML."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from durapy_core.catalog import PublishedCatalog, PublishedType, Role
from durapy_core.deploy.base import ReplicaState
from durapy_core.deploy.changes import Ref
from durapy_core.deploy.overview import Deployed, Deployment, Missing, put_deployment
from durapy_core.engines.base import CATALOG, COMMANDS, OPERATIONS, RECEIPTS, STATUS, Engine
from durapy_core.entry import NewEntry
from durapy_core.operations.requests import OPERATORS, OUTCOME, PROGRESS, REQUEST, Operator
from durapy_core.receipt import Outcome, Receipt
from durapy_core.safe_state import enter_safe_state
from durapy_core.status import SafeAnswer, ServiceState, ServiceStatus, SessionInfo
from tests.support.log_entries import log_lines
from webserver.presets import FAVOURITES, PRESETS

EVIL: Final = "\"'><img src=x onerror=window.broken=1>"
"""Leaves an attribute in either kind of quotes, and a tag, and would then run a script."""

TYPE: Final = "HOSTILE"
_EVERY_S: Final = 0.5


@contextmanager
def hostile(engine: Engine) -> Iterator[None]:
    """Fill the store, and go on telling how the service is until the end of the block."""
    publish(engine)
    key = send(engine)
    operate(engine)
    log_lines(engine, EVIL, service=EVIL, level="ERROR", exception=EVIL, fields={EVIL: EVIL})
    engine.put(FAVOURITES, EVIL, "")
    engine.put(PRESETS, f"{TYPE} {EVIL}", json.dumps({"text": EVIL}))
    safe = enter_safe_state(engine, by=EVIL, reason=EVIL)
    stop = threading.Event()

    def tell() -> None:
        while True:
            status = state(session=key, safe=str(safe.key))
            engine.put(STATUS, f"{EVIL}/{EVIL}", status.model_dump_json())
            put_deployment(engine, deployment())
            if stop.wait(_EVERY_S):
                return

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def publish(engine: Engine) -> None:
    text = {"type": "string", "title": EVIL, "description": EVIL, "unit": EVIL, "default": EVIL}
    few = {"enum": [EVIL, "b"], "title": EVIL, "labels": {EVIL: EVIL}}
    schema: dict[str, Any] = {
        "title": EVIL,
        "description": EVIL,
        "type": "object",
        "properties": {
            EVIL: text,
            "text": {**text, "pattern": EVIL, "examples": [EVIL]},
            "few": few,
            "many": {"enum": [EVIL, *"bcdefg"], "title": EVIL},
            "list": {"type": "array", "items": text, "default": [EVIL], "title": EVIL},
            "inside": {"type": "object", "properties": {EVIL: text}, "title": EVIL},
            "any": {"title": EVIL, "description": EVIL},
        },
        "required": [EVIL, "text"],
    }
    types = tuple(
        PublishedType(
            type=name, title=EVIL, group=EVIL, description=EVIL, roles=tuple(Role), schema_=schema
        )
        for name in (TYPE, EVIL)
    )
    catalog = PublishedCatalog(service=EVIL, types=types)
    engine.put(CATALOG, EVIL, catalog.model_dump_json(by_alias=True))


def send(engine: Engine) -> str:
    """Append records and receipts; return the key of one that could have begun a session."""
    body = json.dumps({EVIL: EVIL, "text": EVIL, "list": [EVIL], "inside": {EVIL: EVIL}})
    first = engine.append(COMMANDS, NewEntry(type=TYPE, body=body, sender=EVIL))
    for name, text in ((EVIL, body), (TYPE, EVIL), (TYPE, "{}")):
        engine.append(COMMANDS, NewEntry(type=name, body=text, sender=EVIL, cause=first.key))
    told = Receipt(key=first.key, service=EVIL, outcome=Outcome.FAILED, text=EVIL)
    engine.append(RECEIPTS, told.to_entry())
    return first.key


def operate(engine: Engine) -> None:
    """Append an operation that failed, and one that goes on."""
    about = {"verb": "rollout", "service": EVIL, "revision": EVIL}
    for ends in (True, False):
        asked = engine.append(
            OPERATIONS, NewEntry(type=REQUEST, body=json.dumps(about), sender=EVIL)
        )
        news = {**about, "by": EVIL, "message": EVIL, "step": "build", "lines": [EVIL]}
        last = {**news, "state": "failed", "details": None}
        for kind, said in ((PROGRESS, news), (OUTCOME, last)) if ends else ((PROGRESS, news),):
            entry = NewEntry(type=kind, body=json.dumps(said), sender=EVIL, cause=asked.key)
            cursor = engine.append(OPERATIONS, entry).key
    told = Operator(cursor=cursor, serving=True)
    engine.put(OPERATORS, EVIL, told.model_dump_json())


def state(*, session: str, safe: str) -> ServiceStatus:
    now = datetime.now(UTC)
    return ServiceStatus(
        service=EVIL,
        replica=EVIL,
        host=EVIL,
        pid=1,
        revision=EVIL,
        state=ServiceState.BUSY,
        busy_key=EVIL,
        busy_s=2.0,
        session=SessionInfo(key=session, type=TYPE, label=EVIL, since=now, ends=EVIL),
        started_at=now,
        makes_safe=True,
        safe_state=SafeAnswer(key=safe, state="failed", text=EVIL),
        fault=EVIL,
    )


def deployment() -> Deployment:
    service = Deployed(
        service=EVIL,
        state=ReplicaState.WAITING,
        revision=EVIL,
        commit=EVIL,
        previous=EVIL,
        built=True,
        lines=(EVIL,),
    )
    return Deployment(
        services=(service,),
        missing=(Missing(service=EVIL, command=EVIL),),
        orphans=(EVIL,),
        head=EVIL,
        branch=EVIL,
        changed=True,
        refs=(Ref(name=EVIL, commit=EVIL, at=EVIL, subject=EVIL),),
        problem=EVIL,
    )
