"""The launch file, understood without `launch`, which is not on PyPI: the command that launch_ros would run.

Only what the project's launch files use is understood; anything else is an error, so that a test notices.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from program import ROOT

LAUNCH_FILE = ROOT / "launch" / "late_fusion.launch.xml"
EXAMPLES = ROOT / "launch" / "examples"


def substituted(text: str, values: dict[str, str], share: Path = ROOT) -> str:
    """A text with $(var …), $(find-pkg-share late_fusion) and $(eval '…') replaced."""
    text = text.replace("$(find-pkg-share late_fusion)", str(share))
    text = re.sub(r"\$\(var (\w+)\)", lambda match: values[match[1]], text)
    expression = re.fullmatch(r"\$\(eval '(.*)'\)", text, re.DOTALL)
    if expression:
        text = str(eval(expression[1].replace("\\'", "'"), {"__builtins__": {}}))
    assert "$(" not in text, text
    return text


def launched(folder: Path, file: Path = LAUNCH_FILE, share: Path = ROOT, /, **given: str) -> list[str]:
    """The arguments of the one node that a launch file starts with these arguments of its own.

    `share` is where the package's files lie; `folder` takes the files that launch_ros writes.
    """
    values: dict[str, str] = {}
    remaps: list[str] = []
    commands: list[list[str]] = []

    def filled_in(text: str) -> str:
        return substituted(text, values, share)

    def holds(element: ElementTree.Element) -> bool:
        return filled_in(element.get("if", "true")).lower() in ("true", "1")

    def run(element: ElementTree.Element) -> None:
        if not holds(element):
            return
        match element.tag:
            case "launch" | "group":
                for child in element:
                    run(child)
            case "arg":
                name = element.attrib["name"]
                # An argument without a default must be given.
                values[name] = given[name] if name in given else filled_in(element.attrib["default"])
            case "let":
                values[element.attrib["name"]] = filled_in(element.attrib["value"])
            case "set_remap":
                names = (filled_in(element.attrib[key]) for key in ("from", "to"))
                remaps.extend(["-r", ":=".join(names)])
            case "include":
                inner = {each.attrib["name"]: filled_in(each.attrib["value"]) for each in element}
                commands.append(launched(folder, Path(filled_in(element.attrib["file"])), share, **inner) + remaps)
            case "node":
                commands.append(command(element))
            case other:
                raise AssertionError(f"<{other}> is not understood here")

    def command(node: ElementTree.Element) -> list[str]:
        namespace = "/" + filled_in(node.attrib["namespace"]).strip("/")
        full = f"{namespace.rstrip('/')}/{node.attrib['name']}"
        words = ["--ros-args", *filled_in(node.attrib["ros_args"]).split()]
        words += ["--ros-args", "-r", f"__node:={node.attrib['name']}", "-r", f"__ns:={namespace}"]
        for i, parameter in enumerate(node):
            assert parameter.tag == "param" and not set(parameter.attrib) - {"from", "name", "value"}
            if "from" in parameter.attrib:
                words += ["--params-file", filled_in(parameter.attrib["from"])]
                continue
            # launch_ros writes a file for each, and leaves it to YAML what a value is.
            text = filled_in(parameter.attrib["value"])
            value = {"true": True, "false": False}.get(text, text)
            path = folder / f"launch_params_{i}"
            path.write_text(json.dumps({full: {"ros__parameters": {parameter.attrib["name"]: value}}}))
            words += ["--params-file", str(path)]
        return words + remaps

    root = ElementTree.parse(file).getroot()
    run(root)
    assert not set(given) - set(values), given
    [only] = commands
    return only
