"""The bare example: `durapy run _example --engine memory://` shows it all and ends by itself."""

from durapy_core import Context, Controller, Service, ServiceContext, StopReason, on
from services._example.commands import (
    BeginExampleCommand,
    EndExampleCommand,
    Grating,
    NobodyHearsCommand,
    NoteCommand,
    PresentCommand,
    RespondedCommand,
    Side,
    Tone,
)


class Example(Controller):
    """State for one session: it asks itself for trials, one after the other."""

    def __init__(self, start: BeginExampleCommand, ctx: Context) -> None:
        self.trials = start.trials
        self.correct = 0
        ctx.log.info("the session {name} begins", name=start.name)
        ctx.send(NoteCommand(text=f"{start.trials} trials to come"))
        ctx.send(NobodyHearsCommand())
        ctx.send(make_trial(1))

    @on(PresentCommand)
    def present(self, trial: PresentCommand, ctx: Context) -> None:
        """Present one trial; the answer is right on the left."""
        ctx.log.info(
            "trial {trial} shows {count} stimuli",
            trial=trial.trial,
            count=len(trial.stimuli),
            side=trial.side,
        )
        ctx.send(RespondedCommand(trial=trial.trial, correct=trial.side is Side.LEFT))

    @on(RespondedCommand)
    def judge(self, response: RespondedCommand, ctx: Context) -> None:
        """Count, and go on to the next trial or the end."""
        self.correct += response.correct
        last = response.trial >= self.trials
        ctx.send(EndExampleCommand() if last else make_trial(response.trial + 1))

    def stop(self, ctx: Context) -> None:
        """Say how it went; at the session's end the example ends itself."""
        ctx.log.info("{correct} of {trials} correct", correct=self.correct, trials=self.trials)
        if ctx.reason is StopReason.ENDED:
            ctx.stop_service()


def make_trial(number: int) -> PresentCommand:
    """Return a command with everything in it."""
    return PresentCommand(
        trial=number,
        side=Side.LEFT if number % 2 else Side.RIGHT,
        stimuli=(Grating(orientation_deg=45), Tone(frequency_hz=4000)),
        weights={"left": 0.5, "right": 0.5},
        position=(1.5, -2.0),
    )


service = Service("_example", engines={"memory"})
service.session(Example, begins=BeginExampleCommand, ends=EndExampleCommand)


@service.on(NoteCommand)
def take_note(note: NoteCommand, ctx: Context) -> None:
    """Hear a remark, in a session or not: a handler outside any controller."""
    ctx.log.info("note: {text}", text=note.text, sender=ctx.sender)


@service.on_start
def begin(ctx: ServiceContext) -> None:
    """Send the first command; from here on everything follows."""
    ctx.send(BeginExampleCommand())
