"""Where a goal breaks when people talk faster and faster, and what becomes of the service beyond that."""

from dataclasses import dataclass
from typing import Final

from bench.load.rehearsal import Phase, Rehearsal

_FACTOR: Final = 1.5
_STEPS: Final = 9
_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Knee:
    """The fastest pace at which all goals held, the one that broke (None: none did), and twice the knee."""

    pace: float
    held: Phase
    broke: Phase | None
    beyond: Phase

    @property
    def goodput_ratio(self) -> float:
        """Whole replies a second at twice the knee, to those at the knee."""
        return self.beyond.figures.goodput / self.held.figures.goodput if self.held.figures.goodput else 0.0

    @property
    def keeps_what_it_accepts(self) -> bool:
        """Whether what was accepted at twice the knee met the goals of time and truth, and the rest was refused quickly."""
        figures = self.beyond.figures
        added = figures.added is not None and figures.added[2] < 100
        true = not (figures.lost or figures.doubled or figures.wrong)
        quick = figures.refusals is None or figures.refusals < 200
        return added and true and quick and figures.slowest[1] < 200


async def find_knee(rehearsal: Rehearsal, steady: Phase) -> Knee:
    """Raise the pace step by step until a goal breaks (or lower it until all hold), then go to twice the last that held."""
    pace, held, broke = await (_upwards(rehearsal, steady) if steady.holds else _downwards(rehearsal, steady))
    return Knee(pace, held, broke, await rehearsal.hold(f"twice the knee ({2 * pace:.2f})", _SECONDS, pace=2 * pace))


async def _upwards(rehearsal: Rehearsal, held: Phase) -> tuple[float, Phase, Phase | None]:
    pace = 1.0
    for _ in range(_STEPS):
        phase = await rehearsal.hold(f"pace {pace * _FACTOR:.2f}", _SECONDS, pace=pace * _FACTOR)
        if phase.doubts or not phase.holds:
            return pace, held, phase
        pace, held = pace * _FACTOR, phase
    return pace, held, None


async def _downwards(rehearsal: Rehearsal, broke: Phase) -> tuple[float, Phase, Phase | None]:
    """The last that broke is told; where nothing held, the slowest stands for the knee."""
    pace, phase = 1.0, broke
    for _ in range(_STEPS // 2):
        pace /= _FACTOR
        phase = await rehearsal.hold(f"pace {pace:.2f}", _SECONDS, pace=pace)
        if phase.holds and not phase.doubts:
            return pace, phase, broke
        broke = phase
    return pace, phase, broke


def tell_knee(knee: Knee) -> str:
    """Return what was found, in words."""
    figures, beyond = knee.held.figures, knee.beyond.figures
    broken = [goal for goal in knee.broke.goals if not goal.met] if knee.broke is not None else []
    where = knee.broke.name if knee.broke is not None else "no step that was tried"
    what = "; ".join(f"{goal.name}: {goal.reached} (goal {goal.bound})" for goal in broken) or "no goal"
    doubted = "; ".join(knee.broke.doubts) if knee.broke is not None else ""
    at_its_end = f" The load client was at its end: {doubted}." if doubted else ""
    first, (slowest, p99) = beyond.added[2] if beyond.added else 0.0, beyond.slowest
    seconds = beyond.seconds
    return (
        f"The knee is at pace {knee.pace:.2f}: {figures.messages / figures.seconds:.0f} messages/s,"
        f" {figures.goodput:.0f} whole replies/s.\n"
        f"At {where} broke: {what}.{at_its_end}\n"
        f"At twice the knee {beyond.messages / seconds:.0f} messages/s were sent, {beyond.refused / seconds:.0f} requests/s"
        f" refused (p99 {beyond.refusals or 0:.0f} ms), {beyond.goodput:.0f} replies/s came whole:"
        f" {knee.goodput_ratio:.2f} of the knee's.\n"
        f"What was accepted there: first word +{first:.0f} ms p99, slowest endpoint {p99:.0f} ms p99 ({slowest}),"
        f" {beyond.lost} lost, {beyond.doubled} doubled, {beyond.failed} failed:"
        f" it {'keeps' if knee.keeps_what_it_accepts else 'does NOT keep'} its goals."
    )
