"""What is printed: the losses, and what a straight line through them says about larger sizes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.drill.loss import Loss

_GOAL_SECONDS = 3_600.0
_LARGER = {"10 GB": 10e9, "100 GB": 100e9, "1 TB": 1e12}


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds = `fixed` + `per_byte` × bytes, by least squares; `fit` is R²."""

    fixed: float
    per_byte: float
    fit: float

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> "Line":
        """Return the line through at least two points of different size."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        mid_x, mid_y = sum(xs) / len(xs), sum(ys) / len(ys)
        slope = sum((x - mid_x) * (y - mid_y) for x, y in points) / sum((x - mid_x) ** 2 for x in xs)
        fixed = mid_y - slope * mid_x
        spread = sum((y - mid_y) ** 2 for y in ys)
        missed = sum((y - fixed - slope * x) ** 2 for x, y in points)
        return cls(fixed, slope, 1 - missed / spread if spread else 1.0)

    def at(self, size: float) -> float:
        """Return the seconds for a size."""
        return self.fixed + self.per_byte * size


def table(losses: Sequence[Loss]) -> str:
    """Return all of it."""
    return "\n".join([*_measured(losses), *(_foreseen(losses) if len({loss.size for loss in losses}) > 1 else ())])


def _measured(losses: Sequence[Loss]) -> Iterator[str]:
    yield "  messages       data     stored  acknowledged   lost  recovery point  recovery time"
    for loss in losses:
        sizes = f"{loss.messages:>10,} {loss.size / 1e6:>7.0f} MB {loss.stored / 1e6:>7.0f} MB"
        writes = f"{loss.acknowledged:>13,} {loss.lost:>6,} {loss.lost_seconds:>13.1f} s"
        yield f"{sizes} {writes} {loss.recovery_seconds:>12.1f} s"


def _foreseen(losses: Sequence[Loss]) -> Iterator[str]:
    line = Line.through([(loss.size, loss.recovery_seconds) for loss in losses])
    yield f"recovery time ≈ {line.fixed:.1f} s + {line.per_byte * 1e9:.1f} s per GB of data (least squares, R² {line.fit:.3f}):"
    if line.per_byte <= 0:
        yield "These sizes are too small, or the machine too busy, for a slope; measure larger ones."
        return
    for name, size in _LARGER.items():
        seconds = line.at(size)
        verdict = "within the hour" if seconds < _GOAL_SECONDS else "NOT within the hour"
        yield f"{name:>10}: {seconds / 60:.0f} min, {verdict}"
    yield "with a disk and a target like these; a bucket adds its transfer, and the log since the base backup its replay."
