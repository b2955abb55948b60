"""Looks whether the stored records still fit the commands as services publish them today.

A command class that changes too much leaves records behind which nobody can decode any more. They
are told from records that never fitted, such as a foreign program's, by the versions of the command
that are kept: a record that fits one of those was good once.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from durapy_core.engines.base import COMMANDS, Engine
from durapy_core.entry import RESERVED_TYPES, START, Cursor, Entry
from durapy_core.errors import InvalidCommandError
from durapy_core.json_text import JsonTextError, parse_json
from durapy_core.published import KnownType, KnownTypes, load_known_types
from durapy_core.schema_check import Check, compile_schema
from durapy_core.schema_diff import compare_schemas
from durapy_core.versions import Version, load_versions

CHECKS: Final = "checks"
"""Table: `types` → the last `Report`; its age says when that was."""

_ROW: Final = "types"
_BATCH: Final = 1_000

State = Literal["broken", "gone", "foreign"]
Progress = Callable[[int, Entry], None]
"""Is called now and then with how many records were looked at, and the last of them."""


class Finding(BaseModel):
    """Records of one type that cannot be decoded.

    Attributes:
        type: their wire type.
        state: `broken`: they fitted a former version; `gone`: no service publishes the type any
            more; `foreign`: they fit no version that is known, so no change is to blame.
        count: how many there are.
        key: of the first one.
        problem: where and why that one does not fit.
        version: hash of a former version that it fits; None without one.
    """

    model_config = ConfigDict(frozen=True)

    type: str
    state: State
    count: int
    key: str
    problem: str
    version: str | None = None


class Report(BaseModel):
    """What a look at the whole history found.

    Attributes:
        looked_at: how many records were looked at.
        hashes: wire type → the version that its records were held against.
        findings: ordered by wire type; none if all is well.
    """

    model_config = ConfigDict(frozen=True)

    looked_at: int
    hashes: dict[str, str]
    findings: tuple[Finding, ...]

    @property
    def is_broken(self) -> bool:
        """Whether records that were good once are not any more."""
        return any(finding.state != "foreign" for finding in self.findings)


def check_history(engine: Engine, *, progress: Progress, only: str | None = None) -> Report:
    """Hold every stored record against its command as it is published today.

    Args:
        engine: the store.
        progress: is told how far it has come.
        only: look at this wire type only; None looks at all, and keeps the report in the store.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    judge = _Judge(load_known_types(engine), load_versions(engine))
    for count, entry in enumerate(_stored(engine), start=1):
        if only is None or entry.type == only:
            judge.look_at(entry)
        if count % _BATCH == 0:
            progress(count, entry)
    report = judge.report()
    if only is None:
        engine.put(CHECKS, _ROW, report.model_dump_json())
    return report


def changes(engine: Engine, known: KnownTypes) -> dict[str, str]:
    """Return what somebody should know of commands that have changed, by wire type, in words.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    report, age_s = _last_report(engine)
    versions = load_versions(engine)
    told = {each.type: _change(each, versions.get(each.type, []), report, age_s) for each in known}
    return {wire_type: text for wire_type, text in told.items() if text}


class _Judge:
    """Looks at one record after the other and counts what does not fit."""

    def __init__(self, known: KnownTypes, versions: dict[str, list[Version]]) -> None:
        self._known = known
        self._versions = versions
        self._looked_at = 0
        self._found: dict[tuple[str, State], Finding] = {}
        self._checks: dict[str, Check] = {}

    def look_at(self, entry: Entry) -> None:
        """Judge one record; one without a type is shown by the history."""
        self._looked_at += 1
        if entry.type is None or entry.type in RESERVED_TYPES:
            return
        found = self._judge(entry, entry.type)
        if found is not None:
            known = self._found.setdefault((found.type, found.state), found)
            counted = known.model_copy(update={"count": known.count + 1})
            self._found[found.type, found.state] = counted

    def report(self) -> Report:
        """Return what was found."""
        return Report(
            looked_at=self._looked_at,
            hashes={each.type: each.hash for each in self._known},
            findings=tuple(self._found[name] for name in sorted(self._found)),
        )

    def _judge(self, entry: Entry, wire_type: str) -> Finding | None:
        versions = self._versions.get(wire_type, [])

        def finding(state: State, problem: str, version: str | None = None) -> Finding:
            return Finding(
                type=wire_type,
                state=state,
                count=0,
                key=entry.key,
                problem=problem,
                version=version,
            )

        if wire_type not in self._known:
            if versions:
                last = versions[0].published.version
                return finding("gone", "no service publishes this type any more", last)
            return finding("foreign", "no service has published this type")
        known = self._known.find(wire_type)
        problem = self._problem(entry, known.hash, known.schema)
        if problem is None:
            return None
        for version in versions:
            published = version.published
            if self._problem(entry, published.version, published.schema_) is None:
                return finding("broken", problem, published.version)
        return finding("foreign", problem)

    def _problem(self, entry: Entry, version: str, schema: dict[str, Any]) -> str | None:
        """Return why a record does not fit a schema, as its receiver decodes it; None if it does.

        A receiver leaves out the fields that it does not know.
        """
        try:
            if version not in self._checks:
                self._checks[version] = compile_schema(_open(schema))
            problems = self._checks[version](parse_json(entry.body or ""))
        except JsonTextError as error:
            return f"the body is not JSON: {error}"
        except InvalidCommandError as error:
            return str(error)
        return str(problems[0]) if problems else None


def _stored(engine: Engine) -> Iterator[Entry]:
    """Yield every record that is stored now, oldest first."""
    end, after = engine.end(COMMANDS), START
    while entries := engine.read(COMMANDS, after=after, limit=_BATCH):
        for entry in entries:
            if engine.compare(entry.key, end) > 0:
                return
            yield entry
        after = Cursor(entries[-1].key)


def _open(schema: Any) -> Any:
    """Return a schema that takes unknown fields, on every level."""
    if isinstance(schema, list):
        return [_open(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = schema.get("additionalProperties") is False
    rest = {k: v for k, v in schema.items() if not (closed and k == "additionalProperties")}
    return {keyword: _open(value) for keyword, value in rest.items()}


def _change(
    known: KnownType, versions: list[Version], report: Report | None, age_s: float
) -> str | None:
    former = [version for version in versions if version.published.version != known.hash]
    is_checked = (
        report is not None
        and report.hashes.get(known.type) == known.hash
        and all(version.age_s > age_s for version in former)
    )
    if report is not None and is_checked:
        broken = [f for f in report.findings if (f.type, f.state) == (known.type, "broken")]
        return _tell(broken[0]) if broken else None
    for version in former:
        clash = compare_schemas(known.schema, version.published.schema_).clash
        if clash:
            return (
                f"{clash} differs from version {version.published.version}; "
                "`durapy types --check` tells whether stored records still fit."
            )
    return None


def _tell(finding: Finding) -> str:
    which = f"({finding.count:,}), such as {finding.key}: {finding.problem}"
    return f"stored records no longer fit {which}."


def _last_report(engine: Engine) -> tuple[Report | None, float]:
    row = engine.table(CHECKS).get(_ROW)
    if row is None:
        return None, 0.0
    try:
        return Report.model_validate_json(row.text), row.age_s
    except ValidationError:
        return None, 0.0
