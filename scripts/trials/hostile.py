"""Hostile strings: attacks that happened, spliced, mutated and cut.

`Attacker(seed)` makes the same strings for the same seed. Fragments stand whole in most of them, so that what an attack needs is
often there; the rest is broken on purpose, for what a filter makes of half a sequence may be a whole one.
"""

from __future__ import annotations

import random
import unicodedata

# fmt: off
SEQUENCES = (
    "\x1b[31m", "\x1b[2J", "\x1b[H", "\x1b[?1049l", "\x1b[?1049h", "\x1b[?1000h", "\x1b[?2004l", "\x1b[6n", "\x1b[c",
    "\x1b[>c",
    "\x1b[=c", "\x1b[21t", "\x1b[20t", "\x1b[8;5;5t", "\x1b[22;0t", "\x1b[1;2r", "\x1b[4h", "\x1b[?25l", "\x1b[>1u",
    "\x1b[<u",
    "\x1b[?2026h", "\x1b[1000000b", "\x1b[5i", "\x1b[201~", "\x1b[200~", "\x1b[<0;1;1M", "\x1b[M !!", "\x1b[I", "\x1b[1;1R",
    "\x1b]0;title\x07", "\x1b]2;rm -rf ~\x1b\\", "\x1b]52;c;ZXZpbA0=\x07", "\x1b]52;c;?\x07",
    "\x1b]8;;file:///etc/passwd\x1b\\x\x1b]8;;\x1b\\",
    "\x1b]8;;https://evil.example\x07", "\x1b]10;?\x07", "\x1b]11;?\x1b\\", "\x1b]4;1;?\x07", "\x1b]9;4;3\x07",
    "\x1b]777;notify;a;b\x07",
    "\x1b]1337;File=name=AA:AAAA\x07", "\x1b]133;A\x07", "\x1b]lTitle\x1b\\", "\x1b]50;?\x07", "\x1b]7;file://x/\x07",
    "\x1bPq#0;2;0;0;0~\x1b\\", "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\", "\x1bP1+r544e=787465726d\x1b\\",
    "\x1bPtmux;\x1b\x1b]52;c;AA\x07\x1b\\",
    "\x1b_Ga=T,f=100;AAAA\x1b\\", "\x1b_Gi=1;OK\x1b\\", "\x1b^pm\x1b\\", "\x1bXsos\x1b\\", "\x1bkscreen\x1b\\", "\x1bc",
    "\x1b#8", "\x1b(0",
    "\x1b%G", "\x1b%@", "\x1b7", "\x1b8", "\x1bM", "\x1bD", "\x1bE", "\x1bH", "\x1bZ", "\x1b=", "\x1b>", "\x1bN", "\x1bO",
    "\x1bn", "\x1b",
    "\x9b31m", "\x9b2J", "\x9b6n", "\x9d0;t\x9c", "\x9d52;c;AA\x9c", "\x90q\x9c", "\x9fapc\x9c", "\x98sos\x9c", "\x9epm\x9c",
    "\x84", "\x85",
    "\x8d", "\x8e", "\x8f", "\x9a", "\xc2\x9b31m", "\xc2\x9d0;t\x07",
)
CONTROLS = tuple(map(chr, (*range(32), 127, *range(128, 160))))
INVISIBLE = (
    "\u202a", "\u202b", "\u202d", "\u202egnp.exe\u202c", "\u2066", "\u2067", "\u2068", "\u2069", "\u200e", "\u200f",
    "\u061c", "\u200b", "\u200c",
    "\u200d", "\u2060", "\u2061", "\u2064", "\u2065", "\u206a", "\u206f", "\ufeff", "\u00ad", "\u034f", "\u115f", "\u1160",
    "\u3164", "\uffa0",
    "\u17b4", "\u180e", "\ufff9a\ufffab\ufffb", "\ufff0", "\u2028", "\u2029", "\U000e0001", "\U000e0041\U000e0042\U000e007f",
    "\U000e0100",
    "\U000e01ef", "\ufe0e", "\ufe0f", "\ufe00", "\ufdd0", "\ufffe", "\uffff", "\U0001fffe", "\U0010ffff", "\U0001bca0",
    "\U0001d173",
    "\ud800", "\udfff", "\ud83d", "\ude00", "\udc80", "\udc1b", "\udc9b", "\ue000", "\U000f0000", "\U00100000",
)
MARKUP = (
    "[/]", "[/b]", "text [/] more", "arr[0][/i]", "[/home/u/x]", "[bold red]b[/]", "[@click=app.quit]x[/]",
    "[@click=app.quit()]",
    "[@click=screen.command('app.quit')]y[/]", "[link=javascript:x]l[/link]", "\\[", "$accent", "[on red]", "{x}", "%s%n",
    "{{", "[[", "]]",
    "[/@click]", "[]", "[red", "[#fff on #000]", "[$primary]", ":smile:",
)
MARKDOWN = (
    "# ", "## x\n", "- ", "1. ", "> ", "```", "```\x1b]0;x\x07\n", "~~~\n", "```python\n", "| a | b |\n|---|---|\n| x | ",
    "|", "\n\n", "\n", "\r\n", "\r",
    "\t", "    ", "**", "*", "_", "~~", "`", "``", "$$", "$", "\\", "&#27;[31m", "&#x9b;31m", "&#0;", "&#x202e;",
    "&#xe0041;", "&lt;", "<b>", "<!-- ",
    "<script>", "<http://x/\x1b>", "[l](javascript:alert(1))", "[l](file:///etc/passwd)", "[l](vscode://x)",
    "[http://good](http://evil.example)",
    "[l](http://a@evil.example/\x9b)", "![i](data:text/html,x)", "[r]: http://x/\u202e 'title'\n", "[r]",
    "https://evil.example/\u202e", "[^1]: x",
    "mailto:a@b?\x1b]8;;\x07", "http://\u0435xample.com/", "<br>", "---\n", "- [ ] ", "HTTPS://X.EXAMPLE/%1b%9b",
)
ANSWERBACKS = (
    "\x1b[?62;22c", "\x1b[>0;95;0c", "\x1b]lrm -rf ~\x1b\\", "\x1b]11;rgb:0000/0000/0000\x07", "\x1b[3;1R", "\x1b[8;24;80t",
    "\x1b[?2026;2$y",
    "\x1b[?1u", "\x1b[0n", "\x1bP1+r544e=78\x1b\\", "\x1bP!|00000000\x1b\\", "screen-evil\r", "\x05", "\x1b[27;5;13~",
    "\x1b[13;5u",
)
TEXTS = (
    "a", "Z", "word ", "中文字", "한", "é", "e\u0301", "👩\u200d💻", "❤\ufe0f", "👍🏽", "🇩🇪", "ไทย", "नमस्ते", "עברית", "العربية",
    " ", "\u00a0", "\u3000",
    "/home/u/a b", "..", "~", "-rf", "sk-ant-api03-" + "A" * 24, "claude-opus", "https://example.org/a?b=c", "{\"a\": ",
    "\"}", "0", "1e999", "null",
    "Z" + "\u0301" * 40, "\u0e4d" * 20, "\u0653" * 12, "x" * 300, "\u4e00" * 120, "((((((((", "𝕬", "\U0001fabf", "\u0378",
    "±①─",
)
# fmt: on
_KINDS = (SEQUENCES, SEQUENCES, CONTROLS, INVISIBLE, INVISIBLE, MARKUP, MARKDOWN, MARKDOWN, ANSWERBACKS, TEXTS, TEXTS)
LONG = 20_000


class Attacker:
    """A source of hostile strings, and of whatever else a trial leaves to chance (`dice`)."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def string(self) -> str:
        dice = self.dice
        parts = [self._fragment() for _ in range(dice.choice((1, 1, 2, 2, 3, 4, 6)))]
        text = dice.choice(("", "", " ")).join(parts)
        change = dice.random()
        if change < 0.25:
            text = self._mutated(text)
        elif change < 0.4:
            at = dice.randrange(len(text) + 1)
            text = text[at:] if dice.random() < 0.5 else text[:at]
        elif change < 0.45:
            text = text[::-1]
        elif change < 0.4503:
            text = (text or "x") * (LONG // max(len(text), 1))
        return text

    def strings(self, count: int) -> list[str]:
        return [self.string() for _ in range(count)]

    def cuts(self, text: str, most: int = 4) -> list[str]:
        """`text` in pieces that join to it."""
        places = sorted(self.dice.randrange(len(text) + 1) for _ in range(self.dice.randrange(most)))
        return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]

    def _fragment(self) -> str:
        if self.dice.random() < 0.06:
            return chr(self.dice.randrange(0x110000))
        kind = self.dice.choice(_KINDS)
        return self.dice.choice(kind)

    def _mutated(self, text: str) -> str:
        dice = self.dice
        at = dice.randrange(len(text) + 1)
        match dice.randrange(5):
            case 0:
                return (
                    text[:at]
                    + chr(dice.choice((dice.randrange(160), dice.randrange(0x3000), dice.randrange(0x110000))))
                    + text[at:]
                )
            case 1:
                return text[:at] + text[at + 1 :]
            case 2:
                return text[:at] + self._fragment() + text[at:]
            case 3:
                return text[:at] + text[at:][::-1]
            case _:
                return text.swapcase()


def _hidden(code: int) -> bool:
    """Whether a terminal may obey this character, or nobody can see it."""
    character = chr(code)
    kind = unicodedata.category(character)
    if kind == "Cf":
        return character not in _WELCOME
    return kind in ("Cc", "Cs", "Zl", "Zp") or (code & 0xFFFE) == 0xFFFE or 0xFDD0 <= code <= 0xFDEF or 0xE0000 <= code <= 0xE0FFF


_JOINERS = "\u200c\u200d"
"""They belong to scripts and to pictures."""
_SIGNS = "".join(map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440))))
"""Format characters that are drawn: signs before Arabic and other numbers, and how hieroglyphs stand."""
_WELCOME = frozenset(_JOINERS + _SIGNS)


def hidden_characters(but: str = "") -> str:
    """The inside of a character class with every hidden character, `but` these."""
    ends = (plane << 16 | end for plane in range(4, 17) for end in (0xFFFE, 0xFFFF))
    codes = sorted(code for code in (*range(0x40000), *range(0xE0000, 0xE1000), *ends) if _hidden(code) and chr(code) not in but)
    runs: list[list[int]] = []
    for code in codes:
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs)
