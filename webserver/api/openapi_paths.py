"""The addresses of the API for its OpenAPI document: one table, in the order of urls.py."""

from typing import Final

from webserver.api.openapi_words import (
    Operation,
    in_path,
    json_of,
    limit,
    one_of,
    operation,
    query,
    refused,
)

_TEXT: Final = {"type": "string"}
_WISHES: Final = {"required": False, "content": json_of("Wishes")}
_READS: Final = (400, 401, 405, 413, 503)
_WRITES: Final = (400, 401, 403, 405, 413, 503, 507)

_FILTERS: Final = [
    query("before", "The cursor in the answer before; without it the newest.", _TEXT),
    limit("How many records at most.", most=500, default=50),
    query("type", "Only this wire type.", _TEXT),
    query("sender", "Only this sender.", _TEXT),
    query("text", "Only what has this text in it, in any case of letters.", _TEXT),
    query("problem", "1: only what has a problem.", {"enum": ["0", "1", "false", "true"]}),
]

_HISTORY: Final = operation(
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

_SEND: Final = operation(
    "sendCommand",
    "Check a command against its published schema, store it, answer with its record.",
    {200: "Valid", 201: "Record"},
    *_WRITES,
    409,
    422,
    parameters=[
        query(
            "dry_run",
            "`1` checks and stores nothing; the answer is 200.",
            {"enum": ["0", "1", "false", "true"], "default": "0"},
        ),
        _KEY,
    ],
    requestBody={"required": True, "content": json_of("NewCommand")},
)

_WHICH_LINES: Final = [
    query("level", "Only lines at least so severe: debug … critical.", _TEXT),
    query("levels", "Only of these levels: some of error,warning,info,debug.", _TEXT),
    query("service", "Only of these services, with commas between them.", _TEXT),
    query("record", "Only what belongs to the record of this key.", _TEXT),
    query("text", "Only with this text in message, fields or traceback.", _TEXT),
    query("since", "Only what was stored from this ISO time on.", _TEXT),
    query("until", "Only what was stored up to this ISO time.", _TEXT),
]

_LOGS: Final = operation(
    "listLogs",
    "Log lines of every process, a page at a time.",
    {200: "LogLines"},
    *_READS,
    parameters=[
        query("before", "The cursor in the answer before, or the key of a line.", _TEXT),
        query("after", "The same, towards newer lines; `start`: from the oldest on.", _TEXT),
        limit("How many lines at most.", most=2000, default=200),
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
        query("format", "Text for people or JSON lines.", {"enum": ["text", "jsonl"]}),
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
        **refused(*_READS),
    },
}

_PRESET: Final = [in_path("type", "The wire type."), in_path("name", "The preset's name.")]

PATHS: Final[dict[str, dict[str, Operation]]] = {
    "/commands": {"get": _HISTORY, "post": _SEND},
    "/commands/{key}": {
        "get": operation(
            "getCommand",
            "One record.",
            {200: "RecordAndAftermath"},
            *_READS,
            404,
            parameters=[in_path("key", "The record's key.")],
        )
    },
    "/commands/{key}/tree": {
        "get": operation(
            "getCommandTree",
            "What led to a record, the record, and what followed from it.",
            {200: "Related"},
            *_READS,
            404,
            parameters=[in_path("key", "The record's key.")],
        )
    },
    "/presets": {
        "get": operation(
            "listPresets", "Favourites and filled-in forms.", {200: "Presets"}, *_READS
        )
    },
    "/presets/{type}/{name}": {
        "put": operation(
            "savePreset",
            "Keep a body under a name.",
            {200: "Presets"},
            *_WRITES,
            422,
            parameters=_PRESET,
            requestBody={"required": True, "content": json_of("NewPreset")},
        ),
        "delete": operation(
            "removePreset", "Remove it.", {200: "Presets"}, *_WRITES, parameters=_PRESET
        ),
    },
    "/favourites/{type}": {
        "put": operation(
            "saveFavourite",
            "Make a type a favourite.",
            {200: "Presets"},
            *_WRITES,
            422,
            parameters=_PRESET[:1],
        ),
        "delete": operation(
            "removeFavourite",
            "Make it none.",
            {200: "Presets"},
            *_WRITES,
            parameters=_PRESET[:1],
        ),
    },
    "/types": {
        "get": operation(
            "listTypes", "Every command that services publish.", {200: "Types"}, *_READS
        )
    },
    "/services": {
        "get": operation(
            "listServices", "Every service, and the session.", {200: "Services"}, *_READS
        )
    },
    "/services/{name}/{verb}": {
        "post": operation(
            "askService",
            "Ask for a service to be started, stopped, replaced; its outcome follows.",
            {202: "OperationKey"},
            *_WRITES,
            404,
            parameters=[
                in_path("name", "The service's name."),
                one_of("verb", ["start", "stop", "restart", "rollout", "rollback", "changes"]),
            ],
            requestBody=_WISHES,
        )
    },
    "/deployment": {
        "get": operation(
            "getDeployment", "What is deployed, and what could be.", {200: "Deployment"}, *_READS
        )
    },
    "/deployment/{verb}": {
        "post": operation(
            "askAll",
            "Ask for a rollout of every service, or for what revisions there are.",
            {202: "OperationKey"},
            *_WRITES,
            404,
            parameters=[one_of("verb", ["rollout", "fetch"])],
            requestBody=_WISHES,
        )
    },
    "/operations": {
        "get": operation(
            "listOperations",
            "The latest operations, newest first.",
            {200: "Operations"},
            *_READS,
            parameters=[limit("How many at most.", most=500, default=50)],
        )
    },
    "/operations/{key}": {
        "get": operation(
            "getOperation",
            "How far an operation has come.",
            {200: "Operation"},
            *_READS,
            404,
            parameters=[in_path("key", "The operation's key.")],
        )
    },
    "/operations/{key}/news": {
        "get": operation(
            "getNews",
            "All that was told of an operation, oldest first.",
            {200: "News"},
            *_READS,
            404,
            parameters=[in_path("key", "The operation's key.")],
        )
    },
    "/operations/{key}/cancel": {
        "post": operation(
            "cancelOperation",
            "Ask for the end of a rollout.",
            {202: "OperationKey"},
            *_WRITES,
            404,
            parameters=[in_path("key", "The operation's key.")],
        )
    },
    "/safe-state": {
        "get": operation(
            "getSafeState",
            "Whether the safe state is engaged, and what each service says of it.",
            {200: "SafeState"},
            *_READS,
        ),
        "post": operation(
            "enterSafeState",
            "Enter the safe state; entered again, every service makes safe again.",
            {200: "SafeState"},
            *_WRITES,
            parameters=[_KEY],
            requestBody={"required": False, "content": json_of("Reason")},
        ),
    },
    "/safe-state/clear": {
        "post": operation(
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
        "get": operation(
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
