"""Loading a service by its folder. Each test has a services folder of another name."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from durapy_core.errors import DurapyError, RegistrationError, ServiceError
from durapy_core.loader import find_services, load_service

NUMBERS = itertools.count()
GOOD = 'from durapy_core import Service\nservice = Service("{name}")\n'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A services folder with one good service, `camera`."""
    path = tmp_path / f"services_{next(NUMBERS)}"
    path.mkdir()
    write(path, "camera", GOOD.format(name="camera"))
    before = sys.path[:]
    yield path
    sys.path[:] = before


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir()
    (folder / name / "service.py").write_text(text, encoding="utf-8")


def refusal(folder: Path, name: str, kind: type[DurapyError] = ServiceError) -> str:
    with pytest.raises(kind) as error:
        load_service(name, folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_service_is_found_by_its_folder(folder: Path) -> None:
    assert load_service("camera", folder).name == "camera"
    assert load_service("camera", folder) is load_service("camera", folder)


def test_a_service_imports_its_own_modules_by_their_full_names(folder: Path) -> None:
    write(folder, "valve", f"from {folder.name}.valve.more import service\n")
    (folder / "valve" / "more.py").write_text(GOOD.format(name="valve"), encoding="utf-8")

    assert load_service("valve", folder).name == "valve"


def test_hidden_folders_and_folders_without_service_are_not_listed(folder: Path) -> None:
    write(folder, "_hidden", GOOD.format(name="_hidden"))
    write(folder, "Bad-Name", GOOD.format(name="x"))
    (folder / "notes").mkdir()

    assert find_services(folder) == ["camera"]
    assert load_service("_hidden", folder).name == "_hidden"


def test_an_unknown_name_brings_a_near_one(folder: Path) -> None:
    assert 'No service is called "camra"' in refusal(folder, "camra")
    assert 'did you mean "camera"?' in refusal(folder, "camra")
    assert "there are: camera." in refusal(folder, "xyz")


@pytest.mark.parametrize("name", ["Camera", "../camera", "a.b", "", "camera/", "__init__"])
def test_a_bad_name_is_refused(folder: Path, name: str) -> None:
    assert "cannot be the name of a service" in refusal(folder, name)


def test_a_missing_services_folder_says_which_setting(tmp_path: Path) -> None:
    assert "DURAPY_SERVICES_DIR" in refusal(tmp_path / "nowhere", "camera")
    with pytest.raises(ServiceError, match="There is no folder"):
        find_services(tmp_path / "nowhere")


def test_a_folder_without_service_py_says_so(folder: Path) -> None:
    (folder / "empty").mkdir()

    assert "has no service.py" in refusal(folder, "empty")


def test_a_module_that_fails_at_import_is_named_with_file_line_and_exception(folder: Path) -> None:
    write(folder, "broken", "import json\n\nvalue = json.loads('{')\n")
    write(folder, "helped", f"import {folder.name}.helped.more\n")
    (folder / "helped" / "more.py").write_text("\nx = 1 / 0\n", encoding="utf-8")

    broken = refusal(folder, "broken")
    assert broken.startswith(f"{folder.name}/broken/service.py:3: JSONDecodeError: Expecting")
    helped = refusal(folder, "helped")
    assert helped == f"{folder.name}/helped/more.py:2: ZeroDivisionError: division by zero"


def test_a_missing_module_a_syntax_error_and_an_exit_are_named_with_their_line(
    folder: Path,
) -> None:
    write(folder, "missing", "import no_such_driver\n")
    write(folder, "syntax", "x = 1\ndef f(:\n    pass\n")
    write(folder, "leaving", "import sys\nsys.exit(0)\n")

    assert "missing/service.py:1: ModuleNotFoundError: No module" in refusal(folder, "missing")
    assert "syntax/service.py:2: SyntaxError: invalid syntax" in refusal(folder, "syntax")
    assert "leaving/service.py:2: it called sys.exit" in refusal(folder, "leaving")


def test_a_module_without_service_is_refused(folder: Path) -> None:
    write(folder, "bare", "x = 1\n")
    write(folder, "other", "service = 7\n")

    for name in ("bare", "other"):
        assert f'end it with service = Service("{name}")' in refusal(
            folder, name, RegistrationError
        )


def test_a_service_named_unlike_its_folder_is_refused(folder: Path) -> None:
    write(folder, "left", GOOD.format(name="right"))

    message = refusal(folder, "left", RegistrationError)
    assert 'names its service "right"; a service is named as its folder: Service("left")' in message


def test_wrong_wiring_is_named_with_file_and_line(folder: Path) -> None:
    write(
        folder,
        "twice",
        "from durapy_core import Service, Command\n"
        "class ACommand(Command): pass\n"
        'service = Service("twice")\n'
        "service.on(ACommand)(lambda command, ctx: None)\n"
        "service.on(ACommand)(lambda command, ctx: None)\n",
    )

    message = refusal(folder, "twice", RegistrationError)
    assert message.startswith(f"{folder.name}/twice/service.py:5: ")
    assert "both hear ACommand" in message


def test_another_folder_of_the_same_name_is_not_taken_for_it(folder: Path, tmp_path: Path) -> None:
    load_service("camera", folder)
    other = tmp_path / "elsewhere" / folder.name
    other.mkdir(parents=True)
    write(other, "camera", GOOD.format(name="camera"))

    assert "another folder of this name" in refusal(other, "camera")
