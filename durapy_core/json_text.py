"""Reads JSON as strangers send it: everything that another JSON reader would refuse is refused."""

import json
import math
from typing import Any, NoReturn


class JsonTextError(Exception):
    """A text is not JSON; the message says where or why, without a full stop."""


def parse_json(text: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises:
        JsonTextError: it is none, holds a number that is not finite, half a character, or is
            nested too deeply.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode()
        value = json.loads(decoded, parse_constant=_refuse, parse_float=_finite)
        if "\\u" in decoded:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise JsonTextError(f"byte {error.start} is not UTF-8") from error
    except UnicodeEncodeError as error:
        raise JsonTextError("it holds half a surrogate pair") from error
    except json.JSONDecodeError as error:
        raise JsonTextError(f"{error.msg}, line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise JsonTextError("it is nested too deeply") from error
    except ValueError as error:
        reason = "a number has too many digits" if "digits" in str(error) else str(error)
        raise JsonTextError(reason) from error
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number
