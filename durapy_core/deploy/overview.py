"""What is deployed: what whoever holds the replicas writes down for those who only look.

One line of JSON in the table `deployment`, renewed every few seconds.
"""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from durapy_core.deploy.base import ReplicaState
from durapy_core.deploy.changes import Ref
from durapy_core.engines.base import Engine

DEPLOYMENT: Final = "deployment"
_ROW: Final = "deployer"


class Deployed(BaseModel):
    """One service as its manager sees it.

    Attributes:
        service: its name.
        state: of its process; `waiting` is between a crash and the next start.
        healthy: what its health check says; None if it has none or has not answered yet.
        restarts: how often it was started again after a crash.
        exit_code: how it ended last; None while it runs.
        started_at: when it was started last (UTC).
        revision: the code in its image, as the image names it; empty if it does not.
        commit: that as a full commit; empty if the repository does not know it.
        ahead, behind: commits that the checkout has more and less; None if that is not known.
        previous: what a rollback would bring back; empty if there is nothing.
        built: whether it is built from the repository, so that revisions of it can be rolled out.
        lines: what it wrote last, where it is in trouble; else empty.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    state: ReplicaState
    healthy: bool | None = None
    restarts: int = 0
    exit_code: int | None = None
    started_at: datetime | None = None
    revision: str = ""
    commit: str = ""
    ahead: int | None = None
    behind: int | None = None
    previous: str = ""
    built: bool = False
    lines: tuple[str, ...] = ()


class Missing(BaseModel):
    """A service that the checkout has and that never ran here, and the command that starts it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    command: str


class Deployment(BaseModel):
    """What is deployed, and what could be.

    Attributes:
        services: those that have a replica.
        missing: those that never ran here.
        orphans: those that run and that the checkout no longer has.
        head: the checkout's commit; empty without a repository.
        branch: the branch that it is on; empty if it is on none.
        changed: whether files of the checkout differ from its commit.
        refs: branches and tags, the latest first.
        problem: why revisions cannot be seen; empty if they can.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    services: tuple[Deployed, ...] = ()
    missing: tuple[Missing, ...] = ()
    orphans: tuple[str, ...] = ()
    head: str = ""
    branch: str = ""
    changed: bool = False
    refs: tuple[Ref, ...] = ()
    problem: str = ""


def put_deployment(engine: Engine, deployment: Deployment) -> None:
    """Write it down.

    Raises:
        EngineError: the store did not take it.
    """
    engine.put(DEPLOYMENT, _ROW, deployment.model_dump_json())


def load_deployment(engine: Engine) -> tuple[Deployment, float] | None:
    """Return what was written last and its age in seconds; None where nobody writes it.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    row = engine.table(DEPLOYMENT).get(_ROW)
    try:
        return (Deployment.model_validate_json(row.text), row.age_s) if row else None
    except ValidationError:
        return None
