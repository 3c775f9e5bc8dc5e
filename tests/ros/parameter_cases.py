"""Parameter files and command lines, and what rclpy makes of them: the measure for what late_fusion makes of them.

`python3 tests/ros/parameter_cases.py` writes tests/golden/parameters.json, which the crate's own tests read.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.node import Node

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "parameters.json"

NAME = "late_fusion"


def section(name: str, body: str) -> str:
    """A section with these parameters, in YAML's flow style."""
    return f"'{name}':\n  ros__parameters: {{{body}}}\n"


SECTIONS = [
    "late_fusion", "/late_fusion", "/**", "**", "/*", "/*/*", "/**/late_fusion", "/*/late_fusion", "/arm/late_fusion",
    "arm/late_fusion", "/arm/*", "/arm/**", "/a/b/late_fusion", "/a/*/late_fusion", "/a/**/late_fusion", "/**/*",
    "/**/b/**", "/late_fusion/**", "other", "/right/late_fusion", "/**/other",
]  # fmt: skip

EVERY = "".join(section(name, f"s{i}: {i}, last: '{name}'") for i, name in enumerate(SECTIONS))

TYPES = """\
late_fusion:
  ros__parameters:
    yes_: yes
    y: y
    off: Off
    true_word: "true"
    word: tRue
    integer: 42
    hexadecimal: 0x1F
    octal: 010
    not_octal: 08
    plus: +7
    big: 9223372036854775808
    double: 1.5
    dot: 1.
    exponent: 1e3
    inf: .inf
    minus_inf: -.INF
    infinity: Infinity
    nan: .nan
    too_big: 1e999
    too_small: 1e-400
    underscore: 1_000
    tilde: ~
    null_word: null
    quoted: '40'
    tagged: !!str 40
    tagged_int: !!int "40"
    empty: ""
    block: |
      40
    path: /a/b c
    colon: a:b
    list: [1, 2]
    nested:
      deeper: {a: 1, b.c: 2, d: {e: 3}}
      after: 4
    dotted.name: 5
"""

DOTTED = section("late_fusion", "a: {b.c: {d: 1}, e: 2}, f: {g: {h.i: {j: 3}, k: 4}, l: 5}, m: 6")

LIMITS = section("/**", "rate: 20.0, limits: {drive: {min: -1.5, max: 1.5}}")

CASES: list[tuple[list[str], list[str]]] = [
    *[([EVERY], arguments) for arguments in (
        [], ["-r", "__ns:=/arm"], ["-r", "__ns:=/a/b"], ["-r", "__node:=other"],
        ["-r", "__name:=other", "-r", "__ns:=/arm"], ["-r", "late_fusion:__ns:=/right"],
        ["-r", "other:__ns:=/right"], ["-r", "__ns:=/arm", "-r", "__ns:=/right"],
    )],
    ([TYPES], []),
    ([DOTTED], []),
    # The order of sections, in one file and in two.
    ([section("late_fusion", "a: 1") + section("/**", "a: 2, b: 2")], []),
    ([section("/**", "a: 2, b: 2") + section("late_fusion", "a: 1")], []),
    ([section("/**", "a: 1"), section("/**", "a: 2")], []),
    ([section("/**", "a: 1") + section("late_fusion", "a: 2"), section("/**", "a: 3")], []),
    ([LIMITS, section("/*", "limits: {drive: {max: 0.25}}")], []),
    ([LIMITS, section("/**/late_fusion", "limits.drive.max: 0.25")], []),
    ([LIMITS, section("/*/late_fusion", "limits: {drive: {max: 0.25}}")], ["-r", "__ns:=/arm"]),
    # Given twice.
    (["late_fusion:\n  ros__parameters:\n    a: 1\n    a: 2\n"], []),
    (["late_fusion:\n  ros__parameters:\n    a: 1\n    a: 2.5\n"], []),
    (["late_fusion:\n  ros__parameters:\n    a: 2.5\n    a: 1\n"], []),
    (["late_fusion:\n  ros__parameters:\n    a: x\n    a: true\n    a: y z\n"], []),
    ([section("late_fusion", "a: {b: 1}") + section("late_fusion", "a: {b: 2, c: 3}")], []),
    ([section("/**", "a: {b: 1.0}"), section("/**", "a: {b: 2}")], []),
    ([section("/**", "a: {b: 1}"), section("/**", "a: {b: 2}")], ["-p", "a.b:=3"]),
    ([section("/**", "a: 1"), section("/**", "a: {b: 2.5}")], []),
    # On the command line.
    ([LIMITS], ["-p", "limits.drive.max:=0.25", "-p", "rate:=30"]),
    ([section("late_fusion", "a: 1")], ["-p", "a:=2"]),
    ([section("late_fusion", "a: 1") + section("/**", "b: 1")], ["-p", "a:=2", "-p", "b:=2"]),
    ([section("/**", "b: 1") + section("late_fusion", "a: 1")], ["-p", "a:=2", "-p", "b:=2"]),
    ([section("/**", "b: 1") + section("late_fusion", "a: 1")], ["-p", "late_fusion:a:=2", "-p", "other:a:=3"]),
    ([section("late_fusion", "a: 1")], ["-r", "__ns:=/arm", "-p", "late_fusion:a:=2", "-p", "c:=3"]),
    ([], ["-p", "a:=word", "-p", "b:='7'", "-p", "c:=7", "-p", "d:=a:=b", "-p", "e:=[1, 2]", "-p", "f.g:=yes"]),
    # Namespaces nested, JSON.
    (
        ["arm:\n  late_fusion:\n    ros__parameters: {a: 1}\n  camera:\n    ros__parameters: {b: 1}\n"],
        ["-r", "__ns:=/arm"],
    ),
    (["/**:\n  late_fusion:\n    ros__parameters: {a: 1}\n"], ["-r", "__ns:=/arm"]),
    ([json.dumps({"late_fusion": {"ros__parameters": {"a": {"b": float("inf"), "c": "on", "d": False}}}})], []),
]  # fmt: skip


def said(value: object) -> list[str]:
    """A value's type and itself, in words that JSON has."""
    kind = {bool: "bool", int: "integer", float: "double", str: "string"}.get(type(value), "list")
    return [kind, "" if kind == "list" else str(value)]


def by_rclpy(files: list[str], arguments: list[str]) -> tuple[str, dict[str, list[str]]]:
    """The full name of a node of that command line, and its parameters."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["node", "--ros-args"]
        for i, text in enumerate(files):
            path = Path(folder, f"{i}.yaml")
            path.write_text(text)
            words += ["--params-file", str(path)]
        context = Context()
        rclpy.init(args=[*words, *arguments], context=context)
        try:
            node = Node(
                NAME,
                context=context,
                start_parameter_services=False,
                enable_rosout=False,
                automatically_declare_parameters_from_overrides=False,
            )
            # What rclpy would declare automatically; a list of nothing cannot be declared.
            overrides = {name: said(each.value) for name, each in node._parameter_overrides.items()}
            full = node.get_fully_qualified_name()
            node.destroy_node()
        finally:
            rclpy.shutdown(context=context)
    return full, dict(sorted(overrides.items()))


def golden() -> list[dict]:
    """Every case with what rclpy makes of it."""
    found = []
    for files, arguments in CASES:
        full, parameters = by_rclpy(files, arguments)
        found.append({"files": files, "arguments": arguments, "node": full, "parameters": parameters})
    return found


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden(), indent=1) + "\n")
