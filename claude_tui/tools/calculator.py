"""`calculator`: exact arithmetic. What it understands is in `arithmetic.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claude_tui.domain.ports import ToolOutput, ToolSpec
from claude_tui.tools.arithmetic import MAX_LENGTH, evaluate
from claude_tui.tools.operations import CONSTANTS, FUNCTIONS, CalculationError, formatted


class Calculator:
    """Stateless; an expression costs milliseconds at most, since anything larger is refused before it is computed."""

    spec = ToolSpec(
        name="calculator",
        description=(
            "Evaluates one arithmetic expression: exact for integers, decimals and fractions, 15 digits for roots, logarithms and "
            "the like. Operators: + - * / // (floor division) % (modulo) ** or ^ (power) ! (factorial) and parentheses. Angles are "
            f"in radians. Constants: {', '.join(CONSTANTS)}. Functions: {', '.join(FUNCTIONS)}. No thousands separators."
        ),
        input_schema={
            "type": "object",
            "properties": {
                "expression": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_LENGTH,
                    "description": "The expression, for example (1499.99 * 12) / 7 or sqrt(2) ** 3",
                }
            },
            "required": ["expression"],
            "additionalProperties": False,
        },
    )

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        try:
            return ToolOutput(formatted(evaluate(str(arguments.get("expression", "")))))
        except CalculationError as error:
            return ToolOutput(str(error), is_error=True)
