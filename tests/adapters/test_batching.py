"""Questions that come together."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from adapters.batching import Batches


class Oracle:
    """It squares numbers, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...]]] = []
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def ask(self, group: str, keys: Sequence[int]) -> Mapping[int, int | Exception]:
        self.asked.append((group, tuple(keys)))
        self.reached.set()
        await self.open.wait()
        return {key: key * key if key >= 0 else ValueError(str(key)) for key in keys}


async def test_what_comes_together_is_asked_together() -> None:
    oracle = Oracle()
    batches = Batches(oracle.ask, most=20)

    answers = await asyncio.gather(*(batches.of("a", key) for key in (1, 2, 3, 2)))

    assert answers == [1, 4, 9, 4]
    assert oracle.asked == [("a", (1, 2, 3))]


async def test_no_request_asks_for_more_than_the_provider_takes() -> None:
    oracle = Oracle()
    batches = Batches(oracle.ask, most=20)

    await asyncio.gather(*(batches.of("a", key) for key in range(45)))

    assert [len(keys) for _, keys in oracle.asked] == [20, 20, 5]


async def test_groups_are_asked_apart() -> None:
    oracle = Oracle()
    batches = Batches(oracle.ask, most=20)

    await asyncio.gather(batches.of("a", 1), batches.of("b", 1))

    assert sorted(oracle.asked) == [("a", (1,)), ("b", (1,))]


async def test_no_answer_is_older_than_its_question() -> None:
    oracle = Oracle()
    batches = Batches(oracle.ask, most=20)
    oracle.open.clear()
    early = asyncio.create_task(batches.of("a", 1))
    await oracle.reached.wait()
    late = [asyncio.create_task(batches.of("a", key)) for key in (1, 2)]
    await asyncio.sleep(0)
    oracle.open.set()

    assert [await early, *[await one for one in late]] == [1, 1, 4]
    assert oracle.asked == [("a", (1,)), ("a", (1, 2))]


async def test_what_is_wrong_with_one_is_no_others_trouble() -> None:
    batches = Batches(Oracle().ask, most=20)

    wrong, right = await asyncio.gather(batches.of("a", -1), batches.of("a", 2), return_exceptions=True)

    assert isinstance(wrong, ValueError)
    assert right == 4


async def test_who_gives_up_takes_nobody_along() -> None:
    oracle = Oracle()
    batches = Batches(oracle.ask, most=20)
    oracle.open.clear()
    patient, hasty = (asyncio.create_task(batches.of("a", 3)) for _ in range(2))
    await oracle.reached.wait()
    hasty.cancel()
    await asyncio.wait([hasty])
    oracle.open.set()

    assert await patient == 9


async def test_a_fault_of_ours_reaches_everybody_who_asked() -> None:
    async def broken(_group: str, _keys: Sequence[int]) -> Mapping[int, int | Exception]:
        raise RuntimeError("broken")

    batches = Batches(broken, most=20)

    with pytest.raises(RuntimeError, match="broken"):
        await batches.of("a", 1)
    with pytest.raises(RuntimeError, match="broken"):
        await batches.of("a", 1)


async def test_closing_ends_what_has_not_even_begun() -> None:
    batches = Batches(Oracle().ask, most=20)
    waiting = asyncio.create_task(batches.of("a", 1))
    await asyncio.sleep(0)

    await batches.aclose()
    await asyncio.wait([waiting])

    assert waiting.cancelled()


async def test_closing_ends_what_is_under_way() -> None:
    oracle = Oracle()
    batches = Batches(oracle.ask, most=20)
    oracle.open.clear()
    waiting = asyncio.create_task(batches.of("a", 1))
    await oracle.reached.wait()

    await batches.aclose()
    await asyncio.wait([waiting])

    assert waiting.cancelled()
