"""Damage that shows only while a history is in use: the conversation goes on in memory, and nothing is written over."""

from pathlib import Path

from claude_tui.store import SqliteStore
from tests.unit.store.outages import HISTORY, Ear
from tests.unit.store.samples import inside, make, new_session, output_of, prompt

OVERWRITE = """
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    file.write(bytes([255]) * int(sys.argv[3]))
"""


async def test_a_turn_goes_on_beside_a_damaged_table(data_dir: Path) -> None:
    await make(data_dir, turns=2)
    connection = inside(data_dir)
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'").get
    size = connection.pragma("page_size")
    connection.close()
    store = await SqliteStore.open(data_dir)
    ear = Ear(store)
    output_of(OVERWRITE, data_dir / HISTORY, str((page - 1) * size), str(size))
    session = await new_session(store)
    await store.add_message(prompt(session))
    await ear.until(lambda: len(ear.failures) > 0)
    assert "is damaged" in str(ear.failures[0]) and store.unsaved
    await store.add_message(prompt(session, text="another"))  # nothing is said twice, and nothing raised
    assert len(ear.failures) == 1
    await store.close()
    assert store.unsaved
    assert (data_dir / HISTORY).read_bytes()[(page - 1) * size :][:size] == bytes([255]) * size
