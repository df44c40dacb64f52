"""One measured figure, held against its goal."""

from dataclasses import dataclass
from typing import Literal, assert_never


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    goal: float
    unit: Literal["ms", "/s"] = "ms"

    @property
    def ratio(self) -> float:
        """How much of the goal it takes; at most 1 where the goal is met."""
        match self.unit:
            case "ms":
                return self.value / self.goal
            case "/s":
                return self.goal / self.value
            case _:
                assert_never(self.unit)

    @property
    def verdict(self) -> Literal["ok", "short"]:
        return "ok" if self.ratio <= 1 else "short"

    def __str__(self) -> str:
        value, goal = f"{self.value:>9.3f} {self.unit:<2}", f"goal {self.goal:>6g} {self.unit:<2}"
        return f"{self.name:<48} {value}   {goal}   {self.ratio:>5.2f}   {self.verdict}"
