"""Stands in for an interview, whatever the domain knows by now: keeps what it is told and sent, until it is to end."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from pydantic import JsonValue

    from entrevue import contract
    from entrevue.contract import Receipt
    from entrevue.values import Status

Heard = tuple[str, JsonValue]


@workflow.defn(name=contract.WORKFLOW)
class Recorder:
    def __init__(self) -> None:
        self._heard: list[Heard] = []

    @workflow.run
    async def run(self) -> list[Heard]:
        await workflow.wait_condition(lambda: ("end", None) in self._heard)
        return self._heard

    @workflow.signal(dynamic=True)
    def hear(self, name: str, words: Sequence[RawValue]) -> None:
        self._hear(name, words)

    @workflow.update(dynamic=True)
    def take(self, name: str, words: Sequence[RawValue]) -> Receipt:
        self._hear(name, words)
        return Receipt(interview="r7", status=Status.SCHEDULED, revision=1, seq=1, digest="of nothing")

    @workflow.query
    def heard(self) -> list[Heard]:
        return self._heard

    def _hear(self, name: str, words: Sequence[RawValue]) -> None:
        read = [workflow.payload_converter().from_payload(word.payload) for word in words]
        self._heard.append((name, read[0] if read else None))
