"""`scripts/new-service` and `scripts/new-page`, on a copy of the checkout's own templates."""

import ast
import shutil
import subprocess
import sys
from keyword import iskeyword
from pathlib import Path

import new_page
import new_service
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scaffold import ScaffoldError, renamer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with all that the scripts look at."""
    shutil.copytree(ROOT / "services", tmp_path / "services")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "webserver" / "pages", tmp_path / "webserver" / "pages")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    return tmp_path


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_service_has_its_own_names_everywhere(checkout: Path) -> None:
    made = new_service.main(checkout, "air_puff")

    text = "".join(path.read_text() for path in made if path.suffix == ".py")
    assert "class AirPuffCommand(Command" in text
    assert 'Service("air_puff"' in text
    assert "from services.air_puff.commands import" in text
    assert 'title="Air puff"' in text
    assert "emplate" not in text
    assert checkout / "services" / "air_puff" / "test_air_puff.py" in made


def test_the_test_of_a_new_service_passes(checkout: Path) -> None:
    new_service.main(checkout, "air_puff")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "services/air_puff"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_the_compose_file_gets_three_lines_and_keeps_the_rest(checkout: Path) -> None:
    compose = checkout / "docker-compose.yml"
    before = compose.read_text()

    new_service.main(checkout, "air_puff")

    after = compose.read_text()
    added = (
        "  air_puff:\n"
        "    <<: *service\n"
        "    build: {<<: *build, args: {<<: *args, SERVICE: air_puff}}\n"
        "\n"
    )
    assert after.replace(added, "") == before
    service = yaml.safe_load(after)["services"]["air_puff"]
    expected = yaml.safe_load(before)["services"]["ponger"]
    expected["build"]["args"]["SERVICE"] = "air_puff"
    assert service == expected


def test_a_compose_file_without_the_mark_gets_it_before_its_volumes(checkout: Path) -> None:
    compose = checkout / "docker-compose.yml"
    compose.write_text(compose.read_text().replace(new_service.MARK + "\n", ""))

    new_service.main(checkout, "air_puff")

    assert "air_puff" in yaml.safe_load(compose.read_text())["services"]


def test_a_compose_file_without_any_place_is_refused_and_nothing_changes(checkout: Path) -> None:
    (checkout / "docker-compose.yml").write_text("services: {}\n")
    before = everything(checkout)

    with pytest.raises(ScaffoldError, match="has no place for it"):
        new_service.main(checkout, "air_puff")

    assert everything(checkout) == before


def test_without_a_compose_file_the_folder_alone_is_made(checkout: Path) -> None:
    (checkout / "docker-compose.yml").unlink()

    made = new_service.main(checkout, "air_puff")

    assert all(path.is_relative_to(checkout / "services" / "air_puff") for path in made)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "not allowed"),
        ("Reward", "not allowed"),
        ("9lives", "not allowed"),
        ("air-puff", "not allowed"),
        ("../evil", "not allowed"),
        ("_hidden", "not allowed"),
        ("nürnberg", "not allowed"),
        ("a\n", "not allowed"),
        ("a" * 41, "too long"),
        ("class", "a word of Python"),
        ("webserver", "taken by DuraPy"),
        ("redis", "taken by DuraPy"),
        ("deployer", "taken by DuraPy"),
        ("commands", "taken by DuraPy"),
        ("pinger", "is there already"),
    ],
)
def test_a_bad_or_taken_name_is_refused_and_nothing_changes(
    checkout: Path, name: str, reason: str
) -> None:
    before = everything(checkout)

    with pytest.raises(ScaffoldError, match=reason):
        new_service.main(checkout, name)

    assert everything(checkout) == before


def test_a_name_that_only_the_compose_file_has_is_refused(checkout: Path) -> None:
    compose = checkout / "docker-compose.yml"
    compose.write_text(new_service.add_entry(compose.read_text(), "valve"))

    with pytest.raises(ScaffoldError, match="has a service 'valve' already"):
        new_service.main(checkout, "valve")

    assert not (checkout / "services" / "valve").exists()


def test_a_new_page_has_its_title(checkout: Path) -> None:
    new_page.main(checkout, "gaze_map")

    page = checkout / "webserver" / "pages" / "gaze_map" / "page.py"
    assert 'title = "Gaze map"' in page.read_text()


def test_a_page_that_is_there_is_refused(checkout: Path) -> None:
    with pytest.raises(ScaffoldError, match="is there already"):
        new_page.main(checkout, "commands")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["pinger"], "new-service: services/pinger is there already: choose another name.\n"),
        ([], "new-service: which name? scripts/new-service NAME, such as air_puff\n"),
    ],
)
def test_the_script_refuses_in_one_line(checkout: Path, arguments: list[str], line: str) -> None:
    done = subprocess.run(
        [checkout / "scripts" / "new-service", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)


def test_the_script_says_what_to_do_next(checkout: Path) -> None:
    done = subprocess.run(
        [checkout / "scripts" / "new-service", "valve"], capture_output=True, text=True, check=True
    )

    assert "wrote services/valve/service.py\n" in done.stdout
    assert "scripts/run-service valve" in done.stdout


@given(st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True).filter(lambda n: not iskeyword(n)))
def test_any_allowed_name_gives_valid_python(name: str) -> None:
    template = (ROOT / "services" / "_template" / "service.py").read_text()

    ast.parse(renamer(name)(template))
