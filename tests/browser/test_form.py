"""The generated form: eleven models filled by their labels, problems at their fields, marks."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.local_rig import LocalRig
from tests.support.visitor import Visitor, rows, visiting
from tests.webserver.form_models import EXAMPLES, Model

SERVICES = Path(__file__).parent / "services"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRig]:
    with LocalRig(tmp_path_factory.mktemp("rig"), services_dir=str(SERVICES)) as rig:
        rig.start_console()
        rig.start("formtester", "alpha", "beta")
        yield rig


@pytest.fixture
def visitor(browser: Browser, rig: LocalRig) -> Iterator[Visitor]:
    with visiting(browser, rig, timezone_id="America/New_York") as visitor:
        yield visitor


class Form:
    """The form as somebody sees it who knows only its labels."""

    def __init__(self, page: Page | Locator) -> None:
        self._place = page

    def fill(self, label: str, text: str) -> None:
        field = self._place.get_by_label(label, exact=True)
        field.fill(text)
        field.blur()

    def choose(self, group: str, label: str) -> None:
        choices = self._place.get_by_role("radiogroup", name=group, exact=True)
        choices.get_by_label(label, exact=True).check()

    def select(self, label: str, choice: str) -> None:
        self._place.get_by_label(label, exact=True).select_option(choice)

    def press(self, name: str) -> None:
        self._place.get_by_role("button", name=name, exact=True).click()

    def press_last(self, name: str) -> None:
        self._place.get_by_role("button", name=name, exact=True).last.click()

    def turn_off(self, label: str) -> None:
        self._place.get_by_label(label, exact=True).uncheck()

    def part(self, name: str) -> "Form":
        return Form(self._place.get_by_role("group", name=name, exact=True).first)


def fill_scalars(form: Form) -> None:
    form.fill("Subject", "M214")
    form.fill("Note", "two\nlines")
    form.fill("Trials", "240")
    form.fill("Volume", "0,2")
    form.fill("Step", "0.7")
    form.turn_off("Record video")


def fill_choices(form: Form) -> None:
    form.choose("Hand", "left")
    form.select("Task", "pursuit")
    form.choose("Gain", "100")
    form.choose("Mode", "slow")


def fill_optionals(form: Form) -> None:
    for name in ("Seed", "Label", "Not before", "Hand", "Must say"):
        form.press(f"Set {name}")
    form.fill("Seed", "7")
    form.fill("Label", "first")
    form.fill("Not before", "2026-11-26T04:30:00")  # 09:30 UTC, five hours behind it
    form.choose("Hand", "both")
    form.fill("Must say", "0.5")


def fill_nested(form: Form) -> None:
    left = form.part("Left")
    left.fill("Name", "left")
    left.part("Reach").fill("X", "-3")
    left.part("Reach").fill("Y", "4")
    form.press("Set Spare")
    form.part("Spare").fill("Name", "spare")


def fill_tree(form: Form) -> None:
    form.fill("Name", "root")
    children = form.part("Children")
    children.press("Add to children")
    first = children.part("children 1")
    first.fill("Name", "a")
    first.part("Children").press("Add to children")
    first.part("Children").part("children 1").fill("Name", "aa")
    children.press_last("Add to children")
    children.part("children 2").fill("Name", "b")


def fill_lists(form: Form) -> None:
    form.press("Remove targets 2")
    form.fill("targets 1 x", "1")
    form.fill("targets 1 y", "2")
    form.press("Add to channels")
    for n in (1, 2, 3):
        form.fill(f"channels {n}", str(4 + n))
    form.press("Add to names")
    form.press("Add to names")
    form.fill("names 1", "n1")
    form.press("Add to hands")
    form.select("hands 1", "left")


def fill_tuples(form: Form) -> None:
    form.fill("inter_trial min", "0.5")
    form.fill("inter_trial max", "2")
    form.fill("mixed 1", "7")
    form.fill("mixed 2", "z")
    form.turn_off("mixed 3")


def fill_sets(form: Form) -> None:
    form.press("Add to bad_channels")
    form.press("Add to bad_channels")
    form.fill("bad_channels 1", "3")
    form.fill("bad_channels 2", "9")
    form.press("Add to gains")
    form.fill("gains name 1", "ch_17")
    form.fill("gains ch_17", "1.25")
    form.press("Add to places")
    form.fill("places name 1", "home")
    form.part("Places").fill("X", "5")
    form.part("Places").fill("Y", "6")


def fill_anything(form: Form) -> None:
    form.fill("Payload", '{"deep": [1, "two", null]}')
    for n, (name, value) in enumerate((("a", "1"), ("b", "[true]")), start=1):
        form.press("Add to extra")
        form.fill(f"extra name {n}", name)
        form.fill(f"extra {name}", value)


def fill_unions(form: Form) -> None:
    form.choose("Kind of stimulus", "Train")
    form.part("Stimulus").fill("Width", "300")
    form.press("Set Maybe")
    form.part("Maybe").fill("Frequency", "40")
    form.choose("Kind of count", "text")
    form.fill("count", "many")
    form.choose("Kind of where", "list")
    form.press("Add to where")
    form.fill("where 1 x", "1")


def fill_times(form: Form) -> None:
    form.fill("At", "2026-12-01T05:15:30")
    form.fill("Day", "2026-12-24")
    form.fill("Wait", "PT2M5S")


FILL: tuple[Callable[[Form], None], ...] = (
    fill_scalars,
    fill_choices,
    fill_optionals,
    fill_nested,
    fill_tree,
    fill_lists,
    fill_tuples,
    fill_sets,
    fill_anything,
    fill_unions,
    fill_times,
)


@pytest.mark.parametrize(
    ("example", "fill"),
    list(zip(EXAMPLES, FILL, strict=True)),
    ids=[type(example).__name__ for example in EXAMPLES],
)
def test_a_form_that_is_filled_by_its_labels_sends_what_the_model_means(
    visitor: Visitor, page: Page, rig: LocalRig, example: Model, fill: Callable[[Form], None]
) -> None:
    wire_type = type(example).__name__.upper()
    visitor.open(f"/commands?type={wire_type}&filter_type={wire_type}")

    fill(Form(page.locator("dp-form")))
    visitor.shoot(f"form-{wire_type.lower()}")
    assert visitor.findings() == []
    page.get_by_role("button", name="Send", exact=True).click()

    expect(rows(page)).to_have_count(1)
    stored = rig.latest(wire_type)
    assert type(example).model_validate_json(json.dumps(stored["body"])) == example
    assert stored["problem"] is None


@pytest.mark.parametrize("example", EXAMPLES, ids=[type(example).__name__ for example in EXAMPLES])
def test_an_edited_record_keeps_every_value(
    visitor: Visitor, page: Page, rig: LocalRig, example: Model
) -> None:
    wire_type = type(example).__name__.upper()
    first = rig.send(wire_type, **example.model_dump(mode="json"))
    visitor.open(f"/commands?key={first['key']}&filter_type={wire_type}")

    expect(page.get_by_role("heading", name=wire_type, exact=True)).to_be_visible()
    stored = len(rig.records(type=wire_type))
    expect(rows(page)).to_have_count(stored)
    page.get_by_role("button", name="Send", exact=True).click()

    expect(rows(page)).to_have_count(stored + 1)
    assert rig.latest(wire_type)["body"] == first["body"]


def test_a_problem_shows_at_its_field_and_nothing_is_sent(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands?type=SCALARS")
    stored = len(rig.records())
    subject, trials = page.get_by_label("Subject"), page.get_by_label("Trials")

    trials.fill("twelve")
    expect(trials).to_have_attribute("aria-invalid", "true")
    expect(trials).to_have_accessible_description("Not a number")
    page.get_by_role("button", name="Send", exact=True).click()

    expect(subject).to_be_focused()
    expect(subject).to_have_accessible_description(re.compile("Required"))
    subject.fill("m2")
    expect(subject).to_have_accessible_description(re.compile("Does not match, try M214"))
    expect(page.get_by_role("status").filter(has_text="2 fields to correct")).to_be_visible()
    visitor.shoot("commands-problems")
    assert visitor.findings() == []
    assert len(rig.records()) == stored


def test_what_only_the_server_sees_lands_at_its_field_and_leaves_with_a_change(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands?type=SETS")
    form = Form(page.locator("dp-form"))
    stored = len(rig.records())

    form.press("Add to bad_channels")
    form.press("Add to bad_channels")
    form.fill("bad_channels 1", "3")
    form.fill("bad_channels 2", "3")

    group = page.get_by_role("group", name="Bad channels")
    problem = group.locator(".err")
    expect(problem).to_be_visible()
    visitor.shoot("commands-server-problem")
    page.keyboard.press("Control+Enter")
    expect(problem).to_be_visible()
    assert len(rig.records()) == stored
    form.fill("bad_channels 2", "4")
    expect(problem).to_have_count(0)
    expect(page.get_by_text("Valid", exact=True)).to_be_visible()


def test_the_wheel_never_changes_a_number_and_arrows_step(visitor: Visitor, page: Page) -> None:
    visitor.open("/commands?type=SCALARS")
    trials = page.get_by_label("Trials")

    trials.focus()
    trials.hover()
    page.mouse.wheel(0, 400)
    expect(trials).to_have_value("120")
    trials.press("ArrowUp")
    expect(trials).to_have_value("121")
    trials.press("Shift+ArrowDown")
    expect(trials).to_have_value("111")


def test_services_that_disagree_on_a_command_are_shown_as_a_conflict(
    visitor: Visitor, page: Page
) -> None:
    visitor.open("/commands?type=DISPUTED")

    item = page.get_by_label("Command types").get_by_role("button", name="DISPUTED")
    expect(item).to_have_accessible_name(re.compile("conflict"))
    conflict = page.get_by_role("region", name="DISPUTED")
    expect(conflict).to_contain_text("conflict")
    expect(conflict).to_contain_text("alpha")
    expect(conflict).to_contain_text("beta")
    visitor.shoot("commands-conflict")
    assert visitor.findings() == []


def test_a_command_whose_service_stops_stays_with_the_mark_0_running(
    visitor: Visitor, page: Page, rig: LocalRig
) -> None:
    visitor.open("/commands?type=LONELY")
    item = page.get_by_label("Command types").get_by_role("button", name="LONELY")
    expect(item).not_to_contain_text("0 running")
    expect(page.get_by_text("acts on the world")).to_be_visible()

    rig.end("beta")

    expect(item).to_contain_text("0 running")
    expect(page.get_by_text("heard by beta (down)")).to_be_visible()
    visitor.shoot("commands-nobody-runs")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("No service that handles it is running now.")).to_be_visible()
    assert visitor.findings() == []


def test_a_name_that_is_half_typed_stays_when_the_form_is_drawn_again(
    visitor: Visitor, page: Page
) -> None:
    visitor.open("/commands?type=SETS")
    page.get_by_role("button", name="Add to gains").click()
    name = page.get_by_label("gains name 1")
    name.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("le")

    page.evaluate("document.querySelector('cmd-composer dp-form').renderNow()")
    page.keyboard.type("ft")
    page.keyboard.press("Tab")

    expect(name).to_have_value("left")
    expect(page.get_by_label("gains left", exact=True)).to_be_focused()
