"""What numba cannot check of a leaf: that it neither returns an array nor calls what does."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rampart
from rampart.physics._jit import leaf

ROOT = Path(rampart.__file__).parent
#: numpy's functions of one number, and its constants: the rest makes arrays
SCALAR = {"nan", "inf", "int64", "int32", "int8", "uint8", "uint64", "bool_", "float64", "isnan", "isfinite", "rint"}


def decorators(function: ast.FunctionDef) -> set[str]:
    found = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
    return {d.id for d in found if isinstance(d, ast.Name)}


def compiled() -> dict[tuple[str, str], tuple[ast.FunctionDef, bool]]:
    """Every compiled function by file and name, and whether it is a leaf."""
    out = {}
    for path in sorted(ROOT.rglob("_kernels*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and decorators(node) & {"kernel", "leaf"}:
                out[str(path.relative_to(ROOT)), node.name] = node, "leaf" in decorators(node)
    return out


def makes(node: ast.AST) -> bool:
    """Whether an expression makes an array by numpy."""
    return any(
        isinstance(part, ast.Attribute)
        and isinstance(part.value, ast.Name)
        and part.value.id == "np"
        and part.attr not in SCALAR
        for part in ast.walk(node)
    )


def is_array(value: ast.AST) -> bool:
    """Whether an expression is an array: made by numpy, or a slice of one."""
    if isinstance(value, ast.Subscript):
        return any(isinstance(part, ast.Slice) for part in ast.walk(value.slice))
    return isinstance(value, ast.Call) and makes(value.func)


def arrays(function: ast.FunctionDef) -> set[str]:
    """Names that hold arrays made in a function, or slices of its arguments."""
    names = set()
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            names |= {name.id for name, value in pairs if isinstance(name, ast.Name) and is_array(value)}
    return names


def gives_arrays(function: ast.FunctionDef) -> bool:
    """Whether a function returns an array: one it was given, one it has made, or a slice."""
    held = arrays(function) | {a.arg for a in function.args.args if subscripted(function, a.arg)}
    for node in ast.walk(function):
        if not isinstance(node, ast.Return) or node.value is None:
            continue
        parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for part in parts:
            if isinstance(part, ast.Name) and part.id in held:
                return True
            if isinstance(part, ast.Subscript) and any(isinstance(p, ast.Slice) for p in ast.walk(part)):
                return True
    return False


def subscripted(function: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name
        for node in ast.walk(function)
    )


def calls(function: ast.FunctionDef) -> set[str]:
    return {n.func.id for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def test_leaves_make_no_arrays_and_give_none() -> None:
    functions = compiled()
    giving = {name for (_, name), (node, _) in functions.items() if gives_arrays(node)}
    assert {"none", "clutter_rates"} <= giving  # the reader sees what it is there to see
    leaves = {key: node for key, (node, is_leaf) in functions.items() if is_leaf}
    assert len(leaves) > 150
    for (file, name), node in leaves.items():
        assert not makes(node), f"{file}: {name} makes an array"
        assert not gives_arrays(node), f"{file}: {name} returns an array"
        assert not calls(node) & giving, f"{file}: {name} calls a kernel that returns an array"


def test_a_leaf_counts_no_references_and_computes_the_same() -> None:
    # of no file, so that it is compiled each time: of what numba has from its cache there is no code to read
    space: dict[str, Any] = {}
    exec("def double_all(x, row):\n    for i in range(row.size):\n        x[0, i] = 2.0 * row[i]", space)
    double_all = leaf(space["double_all"])
    x, row = np.zeros((1, 3)), np.arange(3.0)
    double_all(x, row)
    assert x.tolist() == [[0.0, 2.0, 4.0]]
    compiled_code = getattr(double_all, "inspect_llvm", None)
    if compiled_code is None:
        pytest.skip("the compiler is off")
    assert all("call void @NRT_incref" not in text for text in compiled_code().values())
