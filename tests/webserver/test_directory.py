"""When the console looks at the services again."""

import pytest

from durapy_core.fleet import Heard
from durapy_core.status import DOWN_AFTER_S
from tests.support.statuses import status_of
from webserver.directory import until_one_is_down_s


def heard(age_s: float) -> Heard:
    status = status_of("ponger")
    return Heard(status=status, age_s=age_s)


def test_it_looks_just_after_the_service_that_is_latest_counts_as_down() -> None:
    fleet = [heard(0.4), heard(2.8), heard(DOWN_AFTER_S + 5)]

    assert until_one_is_down_s(fleet) == pytest.approx(0.2, abs=0.05)
    assert until_one_is_down_s(fleet) > DOWN_AFTER_S - 2.8


def test_services_that_are_well_or_down_already_are_no_reason_to_look_sooner() -> None:
    assert until_one_is_down_s([heard(0.9), heard(60)]) > 2
    assert until_one_is_down_s([]) >= DOWN_AFTER_S
