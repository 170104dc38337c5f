"""The first frame waits for no parser and no lexer."""

import subprocess
import sys

PROGRAM = """
import sys
from claude_tui.render import cells, looks, markdown
def loaded():
    return sorted({name.split(".")[0] for name in sys.modules} & {"markdown_it", "pygments", "textual"})
print(loaded())
cells.NoticeCell("n", "Welcome").lines(looks.LOOKS["dark"], 40)
print(loaded())
markdown.render_markdown("plain *text*", looks.LOOKS["dark"], 40)
print(loaded())
markdown.render_markdown("```python\\nx\\n```", looks.LOOKS["dark"], 40)
print(loaded())
"""


def test_parser_and_lexers_are_loaded_when_they_are_needed() -> None:
    finished = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=30)
    assert finished.stdout.splitlines() == ["[]", "[]", "['markdown_it']", "['markdown_it', 'pygments']"]
