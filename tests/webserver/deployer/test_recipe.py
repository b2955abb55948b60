import pytest

from durapy_core.errors import DeployError
from tests.support.checkout import ROOT
from webserver.deployer.recipe import COMPOSE_FILE, Recipe, recipe_of, services_of

OWN = (ROOT / COMPOSE_FILE).read_text(encoding="utf-8")


def test_a_service_of_our_own_file_is_built_as_compose_builds_it() -> None:
    assert recipe_of(OWN, "ponger", revision="x") == Recipe(
        dockerfile="Dockerfile.base",
        target="service",
        arguments={"DURAPY_REVISION": "", "SERVICE": "ponger"},
    )
    assert recipe_of(OWN, "deployer", revision="x").target == "deployer"


def test_every_service_of_our_own_file_is_known() -> None:
    known = {"pinger", "ponger", "webserver", "deployer", "redis", "setup"}
    assert set(services_of(OWN)) == known


def test_a_plain_folder_is_a_build_and_arguments_may_be_a_list() -> None:
    text = "services:\n a: {build: .}\n b: {build: {args: [X=1, Y], context: .}}\n"

    assert recipe_of(text, "a", revision="x") == Recipe()
    assert recipe_of(text, "b", revision="x").arguments == {"X": "1", "Y": ""}


def test_variables_take_their_defaults() -> None:
    text = 'services: {a: {build: {context: ., args: {A: "${X:-1}", B: "${Y}-$Z", C: "${W-2}"}}}}'

    assert recipe_of(text, "a", revision="x").arguments == {"A": "1", "B": "-", "C": "2"}


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        (OWN, "camera", "docker-compose.yml at abc has no service camera"),
        (OWN, "redis", "redis is not built from this repository"),
        ("services: {a: {build: {context: ../x}}}", "a", "only `context: .`"),
        ("services: [", "a", "docker-compose.yml cannot be read"),
        ("x: 1", "a", "docker-compose.yml cannot be read"),
        ("!!python/object/apply:os.system ['x']", "a", "docker-compose.yml cannot be read"),
    ],
)
def test_what_cannot_be_built_says_why(text: str, name: str, reason: str) -> None:
    with pytest.raises(DeployError, match=reason):
        recipe_of(text, name, revision="abc")
