"""What a test of a service or of an engine needs; import it from tests only.

`ServiceHarness` runs a service inside a test. `durapy_core.testing.engine_contract` has the suite
that every engine must pass, and `durapy_core.testing.engine_model` compares an engine with a plain
list (needs hypothesis).
"""

from durapy_core.testing.harness import ServiceHarness

__all__ = ["ServiceHarness"]
