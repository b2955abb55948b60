"""The shapes that the API answers with, as JSON Schemas: written by hand, checked by a test."""

from typing import Any, Final

from durapy_core.log_entry import SEVERITIES

Schema = dict[str, Any]


def _object(properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    """Return an object that has exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str = "", **more: Any) -> Schema:
    return {"type": "string", **({"description": description} if description else {}), **more}


def _maybe(kind: str, description: str = "") -> Schema:
    return {"type": [kind, "null"], **({"description": description} if description else {})}


_WHEN: Final = _text("A time in UTC.", format="date-time")

_RECORD: Final = _object(
    {
        "key": _text("Opaque and ordered."),
        "type": _maybe("string", "The wire type; null if the entry has none."),
        "sent_at": _WHEN,
        "sender": _maybe("string", "A service, webserver:USER, cli:USER, or unknown."),
        "cause": _maybe("string", "Key of the record whose handler sent this one."),
        "n": _maybe("integer", "Its ordinal among that handler's sends."),
        "body": _maybe("object", "Null if it is no JSON object."),
        "raw": _maybe("string", "The stored text, if there is a problem."),
        "problem": _maybe("string", "Why it cannot be read, or does not fit its schema."),
    }
)

_RECEIPT: Final = _object(
    {
        "key": _text("Of the record."),
        "service": _text("Who handled it, or should have."),
        "outcome": {"enum": ["done", "failed", "invalid", "expired", "interrupted", "refused"]},
        "text": _text("Why; empty when done."),
        "wait_s": _maybe("number", "From its storing to the handler's start."),
        "took_s": _maybe("number", "How long the handler took."),
        "redelivered": {"type": "boolean", "description": "It may have been handed over before."},
    }
)

_LOG_LINE: Final = _object(
    {
        "key": _text("Opaque and ordered; also a cursor."),
        "time": _text("When it was logged, in UTC."),
        "level": {"enum": list(SEVERITIES)},
        "service": _maybe("string", "Who says it."),
        "replica": _maybe("string", "Which process of that service."),
        "record": _maybe("string", "Key of the record that was being handled."),
        "message": _text(),
        "fields": {"type": "object", "description": "What the line was given beside its text."},
        "exception": _maybe("string", "A traceback."),
    }
)

_RELATED: Final = _object(
    {
        "depth": {"type": "integer", "description": "Below 0: led to it; above: followed."},
        "key": _text(),
        "type": _maybe("string"),
        "sent_at": _WHEN,
        "sender": _maybe("string"),
        "n": _maybe("integer"),
    }
)

_ERROR: Final = _object(
    {
        "error": _object(
            {
                "code": _text("For programs."),
                "message": _text("One clear line for people."),
                "errors": _list(
                    _object(
                        {
                            "loc": _list({"type": ["string", "integer"]}),
                            "msg": _text("What is wrong there."),
                        }
                    )
                ),
            }
        )
    }
)

_TYPE: Final = _object(
    {
        "type": _text("The wire type."),
        "title": _maybe("string"),
        "group": _maybe("string"),
        "description": _text(),
        "confirm": {"type": "boolean"},
        "actuates": {"type": "boolean"},
        "max_age_s": _maybe("number"),
        "schema": {"type": "object", "description": "JSON Schema of the body."},
        "hash": _text("Of the version that is shown; texts for people do not count."),
        "services": _list(
            _object(
                {
                    "service": _text(),
                    "roles": _list({"enum": ["begins", "ends", "handles", "sends"]}),
                    "running": {"type": "boolean"},
                    "hash": _text("Of the version that it publishes."),
                    "version": {"enum": ["same", "older", "newer", "conflict"]},
                }
            )
        ),
        "running": {"type": "integer", "description": "How many of the services run."},
        "conflict": _maybe("string", "How the services disagree about it."),
        "changed": _maybe("string", "Why records of former versions may not fit, or do not."),
    }
)

_STATUS: Final = {
    "type": "object",
    "description": "What a service says of itself once a second.",
    "properties": {
        "service": _text(),
        "replica": _text(),
        "host": _text(),
        "pid": {"type": "integer"},
        "revision": _text(),
        "state": _text(),
        "session": _maybe("object"),
        "started_at": _WHEN,
        "age_s": {"type": "number"},
        "up": {"type": "boolean"},
    },
    "required": ["service", "replica", "host", "pid", "revision", "state", "age_s", "up"],
}

_SESSION: Final = _object(
    {
        "state": {"enum": ["idle", "running", "unknown"]},
        "key": _maybe("string"),
        "label": _maybe("string"),
        "type": _maybe("string"),
        "since": _maybe("string"),
        "services": _list(_text()),
        "ends": _list(_text()),
    }
)

_OPERATION: Final = _object(
    {
        "key": _text(),
        "verb": _text(),
        "service": _text(),
        "by": _maybe("string"),
        "state": {"enum": ["requested", "done", "failed"]},
        "message": _text(),
        "step": _text("Where it is, such as `build`; empty for what has no steps."),
        "lines": _list(_text()),
        "wishes": {"type": "object"},
        "details": _maybe("object"),
        "at": _maybe("string"),
    }
)

_DEPLOYMENT: Final = _object(
    {
        "services": _list({"type": "object"}),
        "missing": _list({"type": "object"}),
        "orphans": _list(_text()),
        "head": _text("The checkout's commit."),
        "branch": _text(),
        "changed": {"type": "boolean"},
        "refs": _list({"type": "object"}),
        "problem": _text("Why revisions cannot be seen."),
        "age_s": _maybe("number", "How old this is; null where nobody writes it."),
    }
)

SCHEMAS: Final[dict[str, Schema]] = {
    "Record": _RECORD,
    "Receipt": _RECEIPT,
    "RecordAndAftermath": _object(
        {
            **_RECORD["properties"],
            "receipts": _list(_ref("Receipt")),
            "receipts_removed": {
                "type": "boolean",
                "description": "There may have been more, which are kept no longer.",
            },
            "effects": _list(_text("Key of a record that its handlers sent.")),
        }
    ),
    "Related": _object(
        {
            "records": _list(_RELATED),
            "more": {"type": "boolean", "description": "Not all that followed was looked at."},
        }
    ),
    "Presets": _object(
        {
            "favourites": _list(_text("A wire type.")),
            "presets": _list(
                _object({"type": _text(), "name": _text(), "body": {"type": "object"}})
            ),
        }
    ),
    "NewPreset": _object({"body": {"type": "object"}}),
    "Error": _ERROR,
    "Records": _object(
        {
            "records": _list(_ref("Record")),
            "before": _maybe("string", "Null: nothing older is kept."),
            "removed_to": _maybe("string", "Where `before` is null: records up to it are removed."),
        }
    ),
    "LogLines": _object(
        {
            "lines": _list(_LOG_LINE),
            "before": _maybe("string", "Where older lines go on; null: nothing is older."),
            "after": _maybe("string", "Where newer lines go on; null: nothing is newer."),
        }
    ),
    "NewCommand": _object(
        {"type": _text("The wire type."), "body": {"type": "object"}}, optional=("body",)
    ),
    "Valid": _object({"valid": {"const": True}}),
    "Types": _object({"types": _list(_TYPE)}),
    "Services": _object({"services": _list(_STATUS), "session": _SESSION}),
    "Reason": {
        "description": (
            "An object whose `reason` is a text. Anything else, and nothing at all, counts as no "
            "reason: it is for emergencies."
        )
    },
    "SafeState": _object(
        {
            "engaged": {"type": "boolean"},
            "key": _maybe("string", "Of the record that entered it."),
            "since": _maybe("string", "When that was, in UTC."),
            "by": _maybe("string", "Who entered it."),
            "reason": _text("Why; may be empty."),
            "services": _list(
                _object(
                    {
                        "service": _text(),
                        "replica": _text(),
                        "state": {"enum": ["safe", "failed", "waiting", "none", "down"]},
                        "text": _text("Why it failed; else empty."),
                        "took_s": _maybe("number", "How long its handlers took."),
                    }
                )
            ),
        }
    ),
    "OperationKey": _object({"operation": _text("Its key.")}),
    "Wishes": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "revision": {"type": "string", "maxLength": 500},
            "session": {"type": ["string", "null"], "description": "Its key: it may be touched."},
            "when": {"enum": ["now", "session_ends"]},
        },
    },
    "Operation": _OPERATION,
    "Operations": _object({"operations": _list(_ref("Operation"))}),
    "News": _object({"news": _list(_ref("Operation"))}),
    "Deployment": _DEPLOYMENT,
    "Health": _object(
        {
            "status": {"const": "ok"},
            "version": _text(),
            "revision": _text(),
            "engine": {"enum": ["ok", "unavailable"]},
        }
    ),
}
