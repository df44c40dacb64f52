"""Record anew the mails that the demo sends: `make mails` plays it, and writes one file a mail into tests/golden/demo.

Whoever changes a letter records it in the same commit, so that a reviewer reads the change as its readers will.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.golden.mails import KEPT, golden, sent_by_the_demo

_ROOT = Path(__file__).parent.parent.parent


def record() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "demo"
        subprocess.run([sys.executable, "-m", "demo", "--folder", str(state)], cwd=_ROOT, check=True)
        texts = golden(sent_by_the_demo(state))
    KEPT.mkdir(exist_ok=True)
    for old in KEPT.glob("*.txt"):
        old.unlink()
    for name, text in texts.items():
        (KEPT / name).write_text(text, encoding="utf-8")
    print(f"{len(texts)} mails in {KEPT.relative_to(_ROOT)}")  # noqa: T201 - speaks to a terminal


if __name__ == "__main__":
    record()
