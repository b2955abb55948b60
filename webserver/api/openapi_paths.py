"""The addresses of the API for its OpenAPI document: one table, in the order of urls.py."""

from typing import Any, Final

Operation = dict[str, Any]

_STATUS_WORDS: Final = {
    400: "The request cannot be read.",
    401: "No sign-in, or a wrong token.",
    403: "A foreign page, or no XSRF token.",
    404: "There is nothing under this key or name.",
    405: "The address does not take this method.",
    409: "The idempotency key was used for another command.",
    413: "The request is too large.",
    422: "The command is unknown, or its body does not fit.",
    503: "The store, or who would do it, does not answer.",
    507: "The store refused it.",
}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _operation(
    name: str, summary: str, answers: dict[int, str], *refusals: int, **more: Any
) -> Operation:
    """Return an operation with the shapes of its answers and the errors it may end in."""
    good = {
        str(status): {"description": summary, "content": _json(shape)}
        for status, shape in answers.items()
    }
    answers_all = {**good, **_refused(*refusals)}
    return {"operationId": name, "summary": summary, "responses": answers_all, **more}


def _refused(*refusals: int) -> dict[str, Any]:
    return {
        str(status): {"description": _STATUS_WORDS[status], "content": _json("Error")}
        for status in sorted(refusals)
    }


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _in_path(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    }


def _one_of(name: str, allowed: list[str]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"enum": allowed}}


_TEXT: Final = {"type": "string"}
_WISHES: Final = {"required": False, "content": _json("Wishes")}
_READS: Final = (400, 401, 405, 413, 503)
_WRITES: Final = (400, 401, 403, 405, 413, 503, 507)

_FILTERS: Final = [
    _query("before", "The cursor in the answer before; without it the newest.", _TEXT),
    _query(
        "limit",
        "How many records at most.",
        {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    ),
    _query("type", "Only this wire type.", _TEXT),
    _query("sender", "Only this sender.", _TEXT),
    _query("text", "Only what has this text in it, in any case of letters.", _TEXT),
    _query("problem", "1: only what has a problem.", {"enum": ["0", "1", "false", "true"]}),
]

_HISTORY: Final = _operation(
    "listCommands",
    "The history, newest first, a page at a time.",
    {200: "Records"},
    *_READS,
    parameters=_FILTERS,
    description=(
        "One request looks at 5,000 entries or for 100 ms and answers with about 16 MB at most. "
        "An answer may hold fewer records than asked for, even none, and yet say in `before` "
        "where to go on. Only `before: null` means that nothing is older."
    ),
)

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The sender's own name for this send: sent again, nothing is doubled.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}

_SEND: Final = _operation(
    "sendCommand",
    "Check a command against its published schema, store it, answer with its record.",
    {200: "Valid", 201: "Record"},
    *_WRITES,
    409,
    422,
    parameters=[
        _query(
            "dry_run",
            "`1` checks and stores nothing; the answer is 200.",
            {"enum": ["0", "1", "false", "true"], "default": "0"},
        ),
        _KEY,
    ],
    requestBody={"required": True, "content": _json("NewCommand")},
)

_WHICH_LINES: Final = [
    _query("level", "Only lines at least so severe: debug … critical.", _TEXT),
    _query("levels", "Only of these levels: some of error,warning,info,debug.", _TEXT),
    _query("service", "Only of these services, with commas between them.", _TEXT),
    _query("record", "Only what belongs to the record of this key.", _TEXT),
    _query("text", "Only with this text in message, fields or traceback.", _TEXT),
    _query("since", "Only what was stored from this ISO time on.", _TEXT),
    _query("until", "Only what was stored up to this ISO time.", _TEXT),
]

_LOGS: Final = _operation(
    "listLogs",
    "Log lines of every process, a page at a time.",
    {200: "LogLines"},
    *_READS,
    parameters=[
        _query("before", "The cursor in the answer before, or the key of a line.", _TEXT),
        _query("after", "The same, towards newer lines; `start`: from the oldest on.", _TEXT),
        _query(
            "limit",
            "How many lines at most.",
            {"type": "integer", "minimum": 1, "maximum": 2000, "default": 200},
        ),
        *_WHICH_LINES,
    ],
    description=(
        "Newest first, back from the end or from `before`; with `after` oldest first. One request "
        "looks at 20,000 lines, so an answer may hold fewer than asked for, even none, and yet say "
        "where to go on. Only a cursor of null means that there is nothing more."
    ),
)

_LOGS_FILE: Final[Operation] = {
    "operationId": "downloadLogs",
    "summary": "All log lines that fit, oldest first, as a file; 200,000 at most.",
    "parameters": [
        _query("format", "Text for people or JSON lines.", {"enum": ["text", "jsonl"]}),
        *_WHICH_LINES,
    ],
    "responses": {
        "200": {
            "description": "The file.",
            "content": {
                "text/plain": {"schema": _TEXT},
                "application/x-ndjson": {"schema": _TEXT},
            },
        },
        **_refused(*_READS),
    },
}

_PRESET: Final = [_in_path("type", "The wire type."), _in_path("name", "The preset's name.")]

PATHS: Final[dict[str, dict[str, Operation]]] = {
    "/commands": {"get": _HISTORY, "post": _SEND},
    "/commands/{key}": {
        "get": _operation(
            "getCommand",
            "One record.",
            {200: "RecordAndAftermath"},
            *_READS,
            404,
            parameters=[_in_path("key", "The record's key.")],
        )
    },
    "/commands/{key}/tree": {
        "get": _operation(
            "getCommandTree",
            "What led to a record, the record, and what followed from it.",
            {200: "Related"},
            *_READS,
            404,
            parameters=[_in_path("key", "The record's key.")],
        )
    },
    "/presets": {
        "get": _operation(
            "listPresets", "Favourites and filled-in forms.", {200: "Presets"}, *_READS
        )
    },
    "/presets/{type}/{name}": {
        "put": _operation(
            "savePreset",
            "Keep a body under a name.",
            {200: "Presets"},
            *_WRITES,
            422,
            parameters=_PRESET,
            requestBody={"required": True, "content": _json("NewPreset")},
        ),
        "delete": _operation(
            "removePreset", "Remove it.", {200: "Presets"}, *_WRITES, parameters=_PRESET
        ),
    },
    "/favourites/{type}": {
        "put": _operation(
            "saveFavourite",
            "Make a type a favourite.",
            {200: "Presets"},
            *_WRITES,
            422,
            parameters=_PRESET[:1],
        ),
        "delete": _operation(
            "removeFavourite",
            "Make it none.",
            {200: "Presets"},
            *_WRITES,
            parameters=_PRESET[:1],
        ),
    },
    "/types": {
        "get": _operation(
            "listTypes", "Every command that services publish.", {200: "Types"}, *_READS
        )
    },
    "/services": {
        "get": _operation(
            "listServices", "Every service, and the session.", {200: "Services"}, *_READS
        )
    },
    "/services/{name}/{verb}": {
        "post": _operation(
            "askService",
            "Ask for a service to be started, stopped, replaced; its outcome follows.",
            {202: "OperationKey"},
            *_WRITES,
            404,
            parameters=[
                _in_path("name", "The service's name."),
                _one_of("verb", ["start", "stop", "restart", "rollout", "rollback", "changes"]),
            ],
            requestBody=_WISHES,
        )
    },
    "/deployment": {
        "get": _operation(
            "getDeployment", "What is deployed, and what could be.", {200: "Deployment"}, *_READS
        )
    },
    "/deployment/{verb}": {
        "post": _operation(
            "askAll",
            "Ask for a rollout of every service, or for what revisions there are.",
            {202: "OperationKey"},
            *_WRITES,
            404,
            parameters=[_one_of("verb", ["rollout", "fetch"])],
            requestBody=_WISHES,
        )
    },
    "/operations": {
        "get": _operation(
            "listOperations",
            "The latest operations, newest first.",
            {200: "Operations"},
            *_READS,
            parameters=[
                _query(
                    "limit",
                    "How many at most.",
                    {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
                )
            ],
        )
    },
    "/operations/{key}": {
        "get": _operation(
            "getOperation",
            "How far an operation has come.",
            {200: "Operation"},
            *_READS,
            404,
            parameters=[_in_path("key", "The operation's key.")],
        )
    },
    "/operations/{key}/news": {
        "get": _operation(
            "getNews",
            "All that was told of an operation, oldest first.",
            {200: "News"},
            *_READS,
            404,
            parameters=[_in_path("key", "The operation's key.")],
        )
    },
    "/operations/{key}/cancel": {
        "post": _operation(
            "cancelOperation",
            "Ask for the end of a rollout.",
            {202: "OperationKey"},
            *_WRITES,
            404,
            parameters=[_in_path("key", "The operation's key.")],
        )
    },
    "/safe-state": {
        "get": _operation(
            "getSafeState",
            "Whether the safe state is engaged, and what each service says of it.",
            {200: "SafeState"},
            *_READS,
        ),
        "post": _operation(
            "enterSafeState",
            "Enter the safe state; entered again, every service makes safe again.",
            {200: "SafeState"},
            *_WRITES,
            parameters=[_KEY],
            requestBody={"required": False, "content": _json("Reason")},
        ),
    },
    "/safe-state/clear": {
        "post": _operation(
            "clearSafeState",
            "Leave the safe state.",
            {200: "SafeState"},
            *_WRITES,
            parameters=[_KEY],
        )
    },
    "/logs": {"get": _LOGS},
    "/logs/download": {"get": _LOGS_FILE},
    "/health": {
        "get": _operation(
            "getHealth",
            "A sign of life, and whether the store answers.",
            {200: "Health"},
            405,
            413,
            security=[],
        )
    },
    "/openapi.json": {
        "get": {
            "operationId": "getDocument",
            "summary": "This document.",
            "security": [],
            "responses": {
                "200": {
                    "description": "OpenAPI 3.1.",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                }
            },
        }
    },
}
