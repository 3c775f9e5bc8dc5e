#!/usr/bin/env python3
"""Makes the vectors that every fusion method is compared with: `vectors.json`, from `reference.py`.

python3 tests/reference/make.py            writes the file
python3 tests/reference/make.py --check    says whether it is as it would be written
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from reference import Reference, contributions

FILE = Path(__file__).with_name("vectors.json")

Tensors = dict[str, np.ndarray]


def numbers(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Numbers that 32 bits hold exactly, so that every implementation starts from the same ones."""
    return rng.normal(0.0, scale, shape).astype(np.float32).astype(np.float64)


def positive(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """The same, above zero."""
    return (np.abs(numbers(rng, *shape)) + 0.5).astype(np.float32).astype(np.float64)


class Maker:
    """One policy with random tensors."""

    def __init__(
        self, name: str, seed: int, count: int, *, projected: bool, steps: int = 1, maps: dict[str, int] | None = None
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors: Tensors = {}
        self.widths: dict[str, int] = {}
        modalities = []
        for i in range(count):
            # A map has three channels.
            width = 3 * maps[f"m{i}"] ** 2 if maps and f"m{i}" in maps else 2 + i % 3
            modality: dict[str, Any] = {"name": f"m{i}", "kind": "vector", "width": width}
            modality["names"] = [f"n{j}" for j in range(width)]
            self.tensors[f"standardize.m{i}.mean"] = numbers(self.rng, width)
            self.tensors[f"standardize.m{i}.std"] = positive(self.rng, width)
            self.widths[f"m{i}"] = 3 if projected else width
            if projected:
                modality["projection"] = 3
                self.tensors[f"projection.m{i}.weight"] = numbers(self.rng, 3, width)
                self.tensors[f"projection.m{i}.bias"] = numbers(self.rng, 3)
            modalities.append(modality)
        head: dict = {"kind": "mlp", "hidden": [4]}
        if steps > 1:
            head["chunk"] = {"steps": steps, "step_s": 0.1}
        actions = [{"name": name, "min": -2.0, "max": 2.0} for name in ("x", "y")]
        self.spec: dict[str, Any] = {
            "format": 3,
            "name": name,
            "modalities": modalities,
            "head": head,
            "actions": actions,
        }
        self.steps = steps

    def hide(self, at: int, *widths: int) -> None:
        """Puts hidden layers before the projection of one modality."""
        modality = self.spec["modalities"][at]
        modality["projection_hidden"] = list(widths)
        columns = modality["width"]
        for i, width in enumerate(widths):
            self.tensors[f"projection.m{at}.hidden.{i}.weight"] = numbers(self.rng, width, columns)
            self.tensors[f"projection.m{at}.hidden.{i}.bias"] = numbers(self.rng, width)
            columns = width
        self.tensors[f"projection.m{at}.weight"] = numbers(self.rng, modality["projection"], columns)

    def absent(self) -> Maker:
        for name, width in self.widths.items():
            self.tensors[f"missing.{name}"] = numbers(self.rng, width)
        return self

    def layers(self, name: str, width: int, outputs: int) -> None:
        for i, (rows, columns) in enumerate([(4, width), (outputs, 4)]):
            self.tensors[f"{name}.{i}.weight"] = numbers(self.rng, rows, columns)
            self.tensors[f"{name}.{i}.bias"] = numbers(self.rng, rows)

    def fused(self, fusion: dict, width: int) -> Maker:
        self.spec["fusion"] = fusion
        self.layers("head", width, 2 * self.steps)
        self.tensors["action.mean"] = numbers(self.rng, 2)
        self.tensors["action.std"] = positive(self.rng, 2)
        return self

    def cross_attention(self, maps: dict[str, int], queries: list[str], heads: int) -> Maker:
        places = {name: 2 * heads if name in maps else width for name, width in self.widths.items()}
        query = sum(self.widths[name] for name in queries)
        for name in maps:
            self.tensors[f"fusion.{name}.weight"] = numbers(self.rng, 3 * heads, query)
            self.tensors[f"fusion.{name}.bias"] = numbers(self.rng, 3 * heads)
        self.widths = places
        fusion = {"method": "cross_attention", "maps": maps, "queries": queries, "heads": heads}
        return self.absent().fused(fusion, sum(width for name, width in places.items() if name not in queries))

    def weighted(self, weights: dict, tensors: Tensors, tau_s: dict | None = None) -> Maker:
        self.tensors |= tensors
        return self.fused({"method": "weighted", "weights": weights} | ({"tau_s": tau_s} if tau_s else {}), 3)

    def vote(self, rule: str, *, voters: list[dict] | None = None, **fusion: Any) -> Maker:
        self.spec["fusion"] = {"method": "vote", "rule": rule, **fusion} | ({"voters": voters} if voters else {})
        bins = fusion.get("bins")
        outputs = self.steps * (2 * bins if bins else len(fusion["choices"]))
        for voter in voters or [{"name": name, "modalities": [name]} for name in self.widths]:
            self.layers(f"vote.{voter['name']}", sum(self.widths[name] for name in voter["modalities"]), outputs)
        if bins:
            self.tensors["vote.centres"] = np.tile(np.linspace(-2, 2, bins), (2, 1)).astype(np.float32)
        if rule == "weighted" and "weights" not in fusion:
            count = len(voters or self.widths)
            self.tensors["vote.weights"] = positive(self.rng, count)
        return self

    def features(self, scale: float) -> dict[str, np.ndarray]:
        modalities = self.spec["modalities"]
        return {m["name"]: numbers(self.rng, m["width"], scale=scale) for m in modalities}


def makers() -> list[Maker]:
    """Every method, with 2 to 6 modalities."""

    def maker(name: str, count: int, projected: bool = False, steps: int = 1) -> Maker:
        return Maker(name, sum(map(ord, name)), count, projected=projected, steps=steps)

    def names(count: int) -> list[str]:
        return [f"m{i}" for i in range(count)]

    made = []
    for count in range(2, 7):
        plain = maker(f"concat_{count}", count)
        made.append(plain.absent().fused({"method": "concat"}, sum(plain.widths.values())))
    stepped = maker("concat_chunk", 3, projected=True, steps=3)
    made.append(stepped.fused({"method": "concat"}, 9))
    squashed = maker("squashed", 3, projected=True)
    squashed.spec["modalities"][1]["projection_activation"] = "tanh"
    squashed.hide(1, 5, 4)
    made.append(squashed.fused({"method": "concat"}, 9))
    for count in (2, 3, 6):
        pairs = count * (count - 1) // 2
        product = maker(f"bilinear_{count}", count).absent()
        for i, j in itertools.combinations(names(count), 2):
            product.tensors[f"fusion.{i}.{j}.left"] = numbers(product.rng, 2, product.widths[i])
            product.tensors[f"fusion.{i}.{j}.right"] = numbers(product.rng, 2, product.widths[j])
        width = sum(product.widths.values()) + 2 * pairs
        made.append(product.fused({"method": "bilinear", "rank": 2}, width))
    for count in (2, 4):
        some = maker(f"fixed_{count}", count, projected=True)
        values = {name: float(i + 1) for i, name in enumerate(names(count))}
        made.append(some.weighted({"kind": "fixed", "values": values}, {}))
        some = maker(f"fixed_vector_{count}", count, projected=True)
        vectors = {name: [float(i), 1.0, float(i == 0)] for i, name in enumerate(names(count))}
        made.append(some.weighted({"kind": "fixed", "values": vectors}, {}, {"m0": 0.3}))
        some = maker(f"learned_{count}", count, projected=True)
        made.append(some.weighted({"kind": "learned", "per": "modality"}, {"fusion.logits": numbers(some.rng, count)}))
        some = maker(f"learned_vector_{count}", count, projected=True, steps=2)
        logits = {"fusion.logits": numbers(some.rng, count, 3, scale=3.0)}
        made.append(some.weighted({"kind": "learned", "per": "dimension"}, logits, {"m1": 0.5}))
        some = maker(f"within_{count}", count, projected=True)
        matrices = {f"fusion.{name}.weight": numbers(some.rng, 3, 3) for name in names(count)}
        made.append(some.weighted({"kind": "attention_within"}, matrices, {"m0": 0.5}))
        some = maker(f"across_{count}", count, projected=True)
        tensors = {"fusion.weight": numbers(some.rng, 2, 3), "fusion.vector": numbers(some.rng, 2, scale=3.0)}
        made.append(some.weighted({"kind": "attention_across", "hidden": 2}, tensors, {"m0": 0.2, "m1": 1.0}))
    for count, maps, queries in ((2, {"m0": 2}, ["m1"]), (4, {"m1": 3, "m3": 1}, ["m2"]), (6, {"m0": 2}, ["m1", "m4"])):
        name = f"cross_attention_{count}"
        looking = Maker(name, sum(map(ord, name)), count, projected=False, maps=maps)
        made.append(looking.cross_attention(maps, queries, heads=2))
    groups = [
        {"name": "left", "modalities": ["m0", "m2"]},
        {"name": "right", "modalities": ["m1", "m2"]},
    ]
    choices = [{"name": f"c{i}", "action": [float(i) - 1.0, 0.5 * i]} for i in range(3)]
    for rule in ("majority", "weighted", "soft"):
        made.append(maker(f"vote_{rule}", 5, projected=True).absent().vote(rule, bins=5))
        made.append(maker(f"vote_{rule}_groups", 3).absent().vote(rule, voters=groups, bins=4))
        made.append(maker(f"vote_{rule}_choices", 3, steps=2).vote(rule, choices=choices))
    written = {"left": 0.0, "right": 2.0}
    made.append(maker("vote_weights", 3).vote("soft", voters=groups, bins=4, weights=written))
    # Two voters that tie in both questions, to the last bit: exponentials of -1000 are exactly zero.
    tie = maker("vote_tie", 2, projected=True).vote("majority", bins=3)
    for voter in ("m0", "m1"):
        tie.tensors[f"vote.{voter}.1.weight"] = np.zeros((6, 4))
    tie.tensors["vote.m0.1.bias"] = np.array([-1000.0, 0, -1000, 0, -1000, 0])
    tie.tensors["vote.m1.1.bias"] = np.array([-1000.0, -1000, 0, -1000, 0, 0])
    made.append(tie)
    return made


def cases(maker: Maker) -> list[dict]:
    """Every subset of the modalities, ordinary and extreme numbers, fresh and old."""
    policy = Reference(maker.spec, maker.tensors)
    found = []
    subsets = [s for size in range(len(policy.names) + 1) for s in itertools.combinations(policy.names, size)]
    for i, subset in enumerate(subsets):
        features = maker.features(scale=1e4 if i % 7 == 3 else 1.0)
        ages_s = {name: float(maker.rng.choice([0.0, 0.125, 2.0])) for name in policy.names}
        there = {name: features[name] for name in subset}
        case = {
            "features": {name: feature.tolist() for name, feature in there.items()},
            "ages_s": ages_s,
            "action": policy.act(there, ages_s).ravel().tolist(),
        }
        if len(subset) == len(policy.names) <= 4:
            values = contributions(policy, there, ages_s)
            case["contributions"] = {name: value.tolist() for name, value in values.items()}
        found.append(case)
    return found


def text() -> str:
    policies = []
    for maker in makers():
        tensors = {
            name: {"shape": list(tensor.shape), "values": np.asarray(tensor, dtype=float).ravel().tolist()}
            for name, tensor in maker.tensors.items()
        }
        policies.append({"spec": maker.spec, "tensors": tensors, "cases": cases(maker)})
    return json.dumps(policies, separators=(",", ":")) + "\n"


def main() -> int:
    if "--check" in sys.argv:
        return int(FILE.read_text(encoding="utf-8") != text())
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
