"""Finding a service by its folder: services/NAME/service.py, with the attribute `service`."""

import importlib
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from durapy_core.errors import RegistrationError, ServiceError
from durapy_core.failures import explain
from durapy_core.service import Service, is_service_name


def find_services(services_dir: Path) -> list[str]:
    """Return the names of the services in a folder, in order; hidden ones (`_…`) are left out."""
    return [name for name in _folders(services_dir) if not name.startswith("_")]


def load_service(name: str, services_dir: Path) -> Service:
    """Import services/NAME/service.py and return its `service`.

    The parent of `services_dir` is put in front of the import path, so that a service imports
    `services.commands` and its own modules by their full names.

    Raises:
        ServiceError: there is no such service, or its module cannot be imported; the message says
            which file and line.
        RegistrationError: the service is wired wrongly.
    """
    _check_name(name, services_dir)
    module = _import(f"{services_dir.resolve().name}.{name}.service", services_dir)
    service = getattr(module, "service", None)
    path = services_dir / name / "service.py"
    if not isinstance(service, Service):
        raise RegistrationError(
            f'{path} has no service; end it with service = Service("{name}") and its handlers.'
        )
    if service.name != name:
        raise RegistrationError(
            f'{path} names its service "{service.name}"; a service is named as its folder: '
            f'Service("{name}").'
        )
    return service


def _folders(services_dir: Path) -> list[str]:
    if not services_dir.is_dir():
        raise ServiceError(
            f"There is no folder {services_dir}; set DURAPY_SERVICES_DIR to the one that holds the "
            "services, or start in the folder above it."
        )
    found = (path.parent.name for path in services_dir.glob("*/service.py"))
    return sorted(name for name in found if is_service_name(name))


def _check_name(name: str, services_dir: Path) -> None:
    known = _folders(services_dir)
    if name in known:
        return
    if not is_service_name(name):
        raise ServiceError(
            f"{name!r} cannot be the name of a service; "
            "use small letters, digits and _, beginning with a letter."
        )
    if (services_dir / name).is_dir():
        raise ServiceError(f"{services_dir / name} has no service.py; copy the one of _template.")
    near = get_close_matches(name, known, n=1)
    shown = ", ".join(n for n in known if not n.startswith("_"))
    hint = f'did you mean "{near[0]}"?' if near else f"there are: {shown or 'none'}."
    raise ServiceError(f'No service is called "{name}" in {services_dir}; {hint}')


def _import(module_name: str, services_dir: Path) -> ModuleType:
    folder = services_dir.resolve()
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    try:
        module = importlib.import_module(module_name)
    except RegistrationError as error:
        raise RegistrationError(f"{_where(error, folder)}: {error}") from error
    except (Exception, SystemExit) as error:
        raise ServiceError(f"{_where(error, folder)}: {explain(error)}") from error
    if not Path(module.__file__ or "").is_relative_to(folder):
        raise ServiceError(
            f"{module_name} was imported from {module.__file__}, not from {services_dir}; "
            "another folder of this name lies on the import path."
        )
    return module


def _where(error: BaseException, folder: Path) -> str:
    """Return `file:line` of the last line in the services' own folder that was reached."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shorten(error.filename, folder)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    last = (own or frames)[-1]
    return f"{_shorten(last.filename, folder)}:{last.lineno}"


def _shorten(filename: str, folder: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(folder.parent)) if path.is_relative_to(folder) else filename
