"""Evaluates the formulas that `--explain` prints, so that they can be held to the bytes beside them."""

import ast
import operator
import re
from collections.abc import Callable

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def value_of(formula: str) -> float:
    """Return what a printed formula comes to: numbers and operators, the words between them left out.

    `8,030 parameters × 2 B` is 16060, `4 of 8 blocks` a half; what follows `, measured` is no part of it.
    """
    text = re.sub(r", measured [^)]*| in [^ )]+", "", formula)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text).replace("×", "*").replace("·", "*")
    text = re.sub(r" of (?=\d)", " / ", text)
    text = re.sub(r"[A-Za-z_][\w-]*", "", text)
    return _value(ast.parse(" ".join(text.split()), mode="eval").body)


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    raise ValueError(ast.dump(node))
