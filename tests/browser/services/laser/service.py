"""Cannot be made safe."""

from durapy_core import Service, ServiceContext

service = Service("laser")


@service.on_safe_state
def close_shutter(ctx: ServiceContext) -> None:
    """Fail."""
    raise RuntimeError("the shutter does not move")
