"""What the demo says, in English and Chinese. Every text is plain Markdown, chosen to be looked at."""

from __future__ import annotations

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
Topic: TypeAlias = Literal["tour", "code", "table", "think", "long", "continue", "no_tool"]

NOTE: dict[Language, str] = {
    "en": (
        "> **This is the demo.** The answers are canned: they come from a small server inside this program, "
        "and no model is behind it.\n\n"
    ),
    "zh": "> **这是演示模式。** 回答是预先写好的：来自本程序内置的小服务器，背后没有任何模型。\n\n",
}

THOUGHT: dict[Language, str] = {
    "en": (
        "The user wants to see what this can do. A short tour is best: one heading, a list, a piece of code, a table, "
        "and a line in another script, so that widths show. I keep it brief."
    ),
    "zh": (
        "用户想看看它能做什么。最好是一个简短的导览：一个标题、一个列表、一段代码、一张表格，再加一行混排文字，看看宽度是否对齐。"
    ),
}

LONG_THOUGHT: dict[Language, str] = {
    "en": (
        "Let me take this step by step.\n\n"
        "First, what is being asked? A bridge carries 2 people at a time, there is one lamp, and four people need 1, 2, 5 and "
        "10 minutes. A pair walks at the pace of the slower one. The obvious plan is to let the fastest person bring everyone "
        "over: 2 + 1 + 5 + 1 + 10 = 19 minutes.\n\n"
        "Can that be beaten? The two slow walkers cost 5 and 10 when they cross apart. If they cross together, the 5 is free. "
        "But then somebody fast has to be on the far side already, to bring the lamp back.\n\n"
        "So: 1 and 2 cross (2). 1 returns (3). 5 and 10 cross (13). 2 returns (15). 1 and 2 cross (17).\n\n"
        "Is 17 the best there is? Five crossings are needed: three over, two back. The return trips cost at least 1 and 2, "
        "because whoever goes back must have come over. The pair with the 10 costs 10. If 5 crosses apart from 10, that is "
        "another 5 and the total is at least 10 + 5 + 2 + 1 + 1 = 19. If they cross together, the other two crossings cost at "
        "least 2 each, with returns of 1 and 2: 10 + 2 + 2 + 1 + 2 = 17. So 17 it is, and it cannot be improved.\n\n"
        "I should give the answer first and then the short reason."
    ),
    "zh": (
        "一步一步来。\n\n先弄清题意：桥上一次最多两个人，只有一盏灯，四个人分别需要 1、2、5、10 分钟，两人同行按慢的算。"
        "最直接的办法是让最快的人来回接送：2 + 1 + 5 + 1 + 10 = 19 分钟。\n\n"
        "能不能更快？如果 5 和 10 一起走，5 就被“免费”带过去了。但那时对岸必须已经有一个走得快的人把灯送回来。\n\n"
        "于是：1 和 2 过桥（2），1 返回（3），5 和 10 过桥（13），2 返回（15），1 和 2 再过桥（17）。\n\n"
        "17 是不是最优？一共要走五趟，三去两回；两次返回至少花 1 和 2。5 与 10 分开走至少 19，一起走至少 17。所以 17 最优。"
    ),
}

_TOUR_EN = """\
# A short tour

Everything you see here arrived as a stream, a few characters at a time.

- **Lists**, *emphasis*, `inline code` and [links](https://example.com)
- Nested items
  1. keep their numbers
  2. and their indent
- [x] Tasks, done
- [ ] and still to do

## Code

```python
def fibonacci(limit: int) -> list[int]:
    \"\"\"All Fibonacci numbers below the limit.\"\"\"
    numbers = [0, 1]
    while (following := numbers[-1] + numbers[-2]) < limit:
        numbers.append(following)
    return numbers


print(fibonacci(100))  # [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
```

## A table

| Script   | Sample      | Cells | Note               |
|:---------|:------------|------:|:-------------------|
| Latin    | café        |     4 | accents            |
| Chinese  | 终端里的对话 |    12 | two cells each     |
| Japanese | こんにちは   |    10 | kana               |
| Greek    | λόγος       |     5 | one cell each      |

中文、日本語 and English share a line, and the columns still line up.

Try a prompt with one of these words: `code`, `table`, `think`, `tool`, `2+2`, `time`, `long`, `error`.
"""

_TOUR_ZH = """\
# 简短的导览

这里的一切都是流式传来的，每次只有几个字。

- **列表**、*强调*、`行内代码` 和 [链接](https://example.com)
- 嵌套的条目
  1. 编号保持不变
  2. 缩进也保持不变
- [x] 已完成的任务
- [ ] 还没完成的任务

## 代码

```python
def 问候(名字: str) -> str:
    \"\"\"返回一句问候。\"\"\"
    return f"你好，{名字}！"


print(问候("世界"))  # 你好，世界！
```

## 表格

| 文字     | 示例         | 宽度 | 说明         |
|:---------|:-------------|-----:|:-------------|
| 中文     | 终端里的对话 |   12 | 每字两格     |
| 日文     | こんにちは   |   10 | 假名         |
| 英文     | terminal     |    8 | 每个字母一格 |

中文、日本語 and English 可以写在同一行，列依然对齐。

试试包含这些词的提示：`代码`、`表格`、`思考`、`工具`、`2+2`、`时间`、`长`、`错误`。
"""

_CODE_EN = """\
Here is a small cache that forgets what was used longest ago:

```python
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LeastRecent(Generic[K, V]):
    \"\"\"Keeps the `size` entries that were used last.\"\"\"

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
```

Both operations take constant time, because an `OrderedDict` is a hash table and a linked list in one. For functions,
`functools.lru_cache` does the same with a decorator.
"""

_CODE_ZH = """\
下面是一个小缓存，容量满时忘掉最久没有用过的条目：

```python
from collections import OrderedDict


class 最近使用:
    \"\"\"只保留最近用过的若干条目。\"\"\"

    def __init__(self, 容量: int) -> None:
        self._容量 = 容量
        self._条目: OrderedDict[str, object] = OrderedDict()

    def 取(self, 键: str) -> object | None:
        if 键 not in self._条目:
            return None
        self._条目.move_to_end(键)
        return self._条目[键]

    def 存(self, 键: str, 值: object) -> None:
        self._条目[键] = 值
        self._条目.move_to_end(键)
        if len(self._条目) > self._容量:
            self._条目.popitem(last=False)
```

两种操作都是常数时间，因为 `OrderedDict` 同时是散列表和链表。
"""

_TABLE_EN = """\
The planets, from the sun outwards:

| Planet  | Radius (km) | Day (hours) | Moons | Seen from a terminal |
|:--------|------------:|------------:|------:|:---------------------|
| Mercury |       2,440 |     4,222.6 |     0 | a full stop          |
| Venus   |       6,052 |     2,802.0 |     0 | a bright colon       |
| Earth   |       6,371 |        24.0 |     1 | home, `~`            |
| Mars    |       3,390 |        24.7 |     2 | a red caret          |
| Jupiter |      69,911 |         9.9 |    95 | an ampersand         |
| Saturn  |      58,232 |        10.7 |   146 | a zero with a dash   |
| Uranus  |      25,362 |        17.2 |    28 | a tilted bracket     |
| Neptune |      24,622 |        16.1 |    16 | a far-away dot       |

Numbers are aligned to the right, names to the left.
"""

_TABLE_ZH = """\
太阳系的行星，由近到远：

| 行星   | 半径（千米） | 一天（小时） | 卫星 |
|:-------|-------------:|-------------:|-----:|
| 水星   |        2,440 |      4,222.6 |    0 |
| 金星   |        6,052 |      2,802.0 |    0 |
| 地球   |        6,371 |         24.0 |    1 |
| 火星   |        3,390 |         24.7 |    2 |
| 木星   |       69,911 |          9.9 |   95 |
| 土星   |       58,232 |         10.7 |  146 |
| 天王星 |       25,362 |         17.2 |   28 |
| 海王星 |       24,622 |         16.1 |   16 |

数字靠右，名称靠左。
"""

_THINK_EN = """\
**17 minutes**, and no plan is faster.

1. 1 and 2 cross together: 2 minutes
2. 1 brings the lamp back: 3
3. 5 and 10 cross together: 13
4. 2 brings the lamp back: 15
5. 1 and 2 cross again: 17

The trick is to let the two slow walkers share one crossing; everything else follows.
"""

_THINK_ZH = """\
**17 分钟**，而且没有更快的办法。

1. 1 和 2 一起过桥：2 分钟
2. 1 把灯送回来：3
3. 5 和 10 一起过桥：13
4. 2 把灯送回来：15
5. 1 和 2 再一起过桥：17

关键在于让两个走得慢的人共用一趟。
"""

_CONTINUE = {
    "en": "Picking up where it stopped: nothing was lost, and the rest of the answer fits in this one sentence.\n",
    "zh": "从中断的地方继续：什么都没有丢，剩下的内容就是这一句。\n",
}

_NO_TOOL = {
    "en": "That would be a job for a tool, but this request offers none that fits. Switch tools on and ask again.\n",
    "zh": "这件事适合交给工具，但这次请求没有提供合适的工具。请打开工具再试。\n",
}

_PLACES = ("the harbour", "the north quay", "the lamp room", "the boat house", "the sand bar", "the signal mast")
_SIGHTS = (
    "a trawler comes in with its deck lights on, and the gulls follow it like loose paper",
    "the wind turns to the west and brings the smell of rain from the hills",
    "somebody has left a bicycle against the railing, with a basket of oranges in it",
    "the tide gauge clicks once, as it does every time the water passes the third mark",
    "a pilot boat goes out to meet something large that is still below the horizon",
    "the fog lifts for a minute, and the far shore is closer than anybody remembered",
    "two children count the seconds between the flash and the bell, and disagree",
)
_REMARKS = (
    "Nothing of this is urgent, which is why it is written down.",
    "The log has room for one line; this is the line.",
    "It is the kind of thing one notices only when waiting for something else.",
    "By the next watch it will be gone, and the page will say that it was there.",
    "The keeper before wrote the same sentence, forty years ago, in a steadier hand.",
)
_PLACES_ZH = ("港口", "北码头", "灯室", "船屋", "沙洲", "信号杆")
_SIGHTS_ZH = (
    "一艘拖网渔船亮着甲板灯驶进来，海鸥像散开的纸片一样跟在后面",
    "风转向西边，带来山里的雨味",
    "有人把自行车靠在栏杆上，筐里放着橙子",
    "潮位计响了一声，每当水面越过第三道刻度它都会响",
    "引航船出海，去迎接还在地平线以下的什么大家伙",
    "雾散开了一分钟，对岸比所有人记得的都近",
    "两个孩子数着闪光和钟声之间的秒数，得出了不同的答案",
)
_REMARKS_ZH = (
    "这些都不着急，所以才被记下来。",
    "日志里只剩一行，这就是那一行。",
    "只有在等别的事情时，人才会注意到它。",
    "到下一班它就不在了，但这一页会说它来过。",
)


def _long(language: Language) -> str:
    english = language == "en"
    places, sights, remarks = (_PLACES, _SIGHTS, _REMARKS) if english else (_PLACES_ZH, _SIGHTS_ZH, _REMARKS_ZH)
    title = "# A day at the lighthouse\n\nTwenty-four entries from the log. Interrupt me whenever you have had enough.\n\n"
    parts = [title if english else "# 灯塔的一天\n\n日志里的二十四条记录。看够了随时打断我。\n\n"]
    for hour in range(24):
        place = places[hour % len(places)]
        first, second, third = (sights[(hour * 3 + n) % len(sights)] for n in range(3))
        head = f"## {hour:02d}:00, {place}\n\n" if english else f"## {hour:02d}:00，{place}\n\n"
        parts.append(head + (_entry if english else _entry_zh)(first, second, third, remarks[hour % len(remarks)]))
        if hour % 6 == 5:
            parts.append(_readings(hour, english))
    return "".join(parts)


def _entry(first: str, second: str, third: str, remark: str) -> str:
    return (
        f"At the turn of the hour {first}. A little later {second}.\n\n"
        f"- *Seen*: {third}.\n- *Heard*: the bell, twice, and then the sea again.\n\n{remark} "
        "The lamp turns, the lens throws its four beams over the water, and the page gets its signature.\n\n"
    )


def _entry_zh(first: str, second: str, third: str, remark: str) -> str:
    return (
        f"整点时分，{first}。过了一会儿，{second}。\n\n- *看见*：{third}。\n- *听见*：钟声两下，然后又是海。\n\n"
        f"{remark}灯在转，透镜把四道光投向水面，这一页签上了名字。\n\n"
    )


def _readings(hour: int, english: bool) -> str:
    head = "| Hour | Wind | Glass | Visibility |\n" if english else "| 时刻 | 风力 | 气压 | 能见度 |\n"
    rows = [
        f"| {at:02d}:00 | {2 + at * 5 % 6} | {1008 + at * 7 % 13} | {4 + at * 3 % 9} nm |\n" for at in range(hour - 5, hour + 1)
    ]
    return head + "|-----:|-----:|-----:|-----:|\n" + "".join(rows) + "\n"


TEXTS: dict[tuple[Topic, Language], str] = {
    ("tour", "en"): _TOUR_EN,
    ("tour", "zh"): _TOUR_ZH,
    ("code", "en"): _CODE_EN,
    ("code", "zh"): _CODE_ZH,
    ("table", "en"): _TABLE_EN,
    ("table", "zh"): _TABLE_ZH,
    ("think", "en"): _THINK_EN,
    ("think", "zh"): _THINK_ZH,
    ("long", "en"): _long("en"),
    ("long", "zh"): _long("zh"),
    ("continue", "en"): _CONTINUE["en"],
    ("continue", "zh"): _CONTINUE["zh"],
    ("no_tool", "en"): _NO_TOOL["en"],
    ("no_tool", "zh"): _NO_TOOL["zh"],
}
