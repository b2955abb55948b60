"""What the table of the API's addresses is written with: operations, parameters, refusals."""

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


def json_of(name: str) -> dict[str, Any]:
    """Return the content of a body in JSON that has one of the shapes of openapi_schemas.py."""
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def operation(
    name: str, summary: str, answers: dict[int, str], *refusals: int, **more: Any
) -> Operation:
    """Return an operation with the shapes of its answers and the errors it may end in."""
    good = {
        str(status): {"description": summary, "content": json_of(shape)}
        for status, shape in answers.items()
    }
    answers_all = {**good, **refused(*refusals)}
    return {"operationId": name, "summary": summary, "responses": answers_all, **more}


def refused(*refusals: int) -> dict[str, Any]:
    """Return the answers that are errors, by their HTTP status."""
    return {
        str(status): {"description": _STATUS_WORDS[status], "content": json_of("Error")}
        for status in sorted(refusals)
    }


def query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter of the query."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def limit(description: str, *, most: int, default: int) -> dict[str, Any]:
    """Return the parameter `limit` of the query: how many are answered with."""
    bounds = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return query("limit", description, bounds)


def in_path(name: str, description: str) -> dict[str, Any]:
    """Return a part of the address that may be any text."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    }


def one_of(name: str, allowed: list[str]) -> dict[str, Any]:
    """Return a part of the address that is one of a few words."""
    return {"name": name, "in": "path", "required": True, "schema": {"enum": allowed}}
