"""Questions that come together are asked together: as many in one request as the provider takes."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

_G = TypeVar("_G", bound=Hashable)
_K = TypeVar("_K", bound=Hashable)
_A = TypeVar("_A")


@dataclass
class Batches(Generic[_G, _K, _A]):
    """What comes up while a request is on its way goes with the next one, so no answer is older than its question."""

    ask: Callable[[_G, Sequence[_K]], Awaitable[Mapping[_K, _A | Exception]]]
    """Ask about all of these, which are of one group: what can be said in one request. Trouble is an answer, of each.
    It must come to an end by itself: who asked may have given up long before."""
    most: int
    """How many go into one request."""
    _waiting: dict[_G, dict[_K, asyncio.Future[_A | Exception]]] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def of(self, group: _G, key: _K) -> _A:
        """Give the answer about one. Raise what is wrong with it, and with no other."""
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = {}
            task = asyncio.create_task(self._work(group, waiting))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        if key not in waiting:
            waiting[key] = asyncio.get_running_loop().create_future()
        answer = await asyncio.shield(waiting[key])  # others wait for it as well
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for waiting in self._waiting.values():  # of tasks that had not even begun
            for left in waiting.values():
                left.cancel()
        self._waiting.clear()

    async def _work(self, group: _G, waiting: dict[_K, asyncio.Future[_A | Exception]]) -> None:
        try:
            await asyncio.sleep(0)  # whoever asks in the same moment joins in
            while waiting:
                asked = dict(waiting)
                waiting.clear()
                await asyncio.gather(*(self._once(group, part) for part in _parts(asked, self.most)))
        finally:
            del self._waiting[group]
            for left in waiting.values():
                left.cancel()

    async def _once(self, group: _G, asked: Mapping[_K, asyncio.Future[_A | Exception]]) -> None:
        answers: Mapping[_K, _A | Exception] = {}
        try:
            answers = await self.ask(group, tuple(asked))
        except Exception as trouble:  # noqa: BLE001  # it is raised where the answer is awaited
            answers = dict.fromkeys(asked, trouble)
        finally:
            for key, future in asked.items():
                if key in answers:
                    future.set_result(answers[key])
                else:
                    future.cancel()


def _parts(
    asked: Mapping[_K, asyncio.Future[_A | Exception]], most: int
) -> list[dict[_K, asyncio.Future[_A | Exception]]]:
    rest = iter(asked.items())
    return [part for _ in range(0, len(asked), most) if (part := dict(islice(rest, most)))]
