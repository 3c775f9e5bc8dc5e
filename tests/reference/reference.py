"""Late fusion written a second time, in float64 NumPy, from the formulas alone.

Nothing here is taken from the Rust code, and nothing is fast: one feature at a time, one formula per function.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

Features = dict[str, np.ndarray]


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - np.max(logits))
    return powers / powers.sum()


class Reference:
    """A policy: what `policy.yaml` says, and its tensors."""

    def __init__(self, spec: dict, tensors: dict[str, np.ndarray]) -> None:
        self.spec = spec
        self.tensors = {name: np.asarray(tensor, dtype=np.float64) for name, tensor in tensors.items()}
        self.names = [modality["name"] for modality in spec["modalities"]]
        self.steps = spec["head"].get("chunk", {}).get("steps", 1)
        self.actions = len(spec["actions"])

    def act(self, features: Features, ages_s: dict[str, float]) -> np.ndarray:
        """The actions of all steps, `[steps, actions]`, of the modalities that are there."""
        projected = {name: self.project(name, feature) for name, feature in features.items()}
        fusion = self.spec["fusion"]
        if fusion["method"] == "vote":
            return self.vote(projected)
        methods = {"concat": self.concat, "bilinear": self.bilinear, "cross_attention": self.cross_attention}
        fused = methods.get(fusion["method"])
        vector = fused(projected) if fused else self.weighted(projected, ages_s)
        output = self.layers("head", vector).reshape(self.steps, self.actions)
        return output * self.tensors["action.std"] + self.tensors["action.mean"]

    def project(self, name: str, feature: np.ndarray) -> np.ndarray:
        """A·(f − mean)/std + b behind hidden layers with ReLU, if any; or tanh of it."""
        standard = (feature - self.tensors[f"standardize.{name}.mean"]) / self.tensors[f"standardize.{name}.std"]
        if f"projection.{name}.weight" not in self.tensors:
            return standard
        for i in range(len(self.modality(name).get("projection_hidden", []))):
            layer = f"projection.{name}.hidden.{i}"
            standard = np.maximum(self.tensors[f"{layer}.weight"] @ standard + self.tensors[f"{layer}.bias"], 0.0)
        projected = self.tensors[f"projection.{name}.weight"] @ standard + self.tensors[f"projection.{name}.bias"]
        return np.tanh(projected) if self.modality(name).get("projection_activation") == "tanh" else projected

    def width(self, name: str) -> int:
        return self.modality(name).get("projection") or self.modality(name)["width"]

    def modality(self, name: str) -> dict:
        return next(each for each in self.spec["modalities"] if each["name"] == name)

    def or_missing(self, projected: Features, name: str) -> np.ndarray:
        """The projected feature, or what was learned to stand in for it."""
        stand_in = self.tensors.get(f"missing.{name}", np.zeros(self.width(name)))
        return projected.get(name, stand_in)

    def layers(self, name: str, vector: np.ndarray) -> np.ndarray:
        count = sum(1 for tensor in self.tensors if tensor.startswith(f"{name}.") and tensor.endswith(".bias"))
        for i in range(count):
            vector = self.tensors[f"{name}.{i}.weight"] @ vector + self.tensors[f"{name}.{i}.bias"]
            if i + 1 < count:
                vector = np.maximum(vector, 0.0)
        return vector

    def concat(self, projected: Features) -> np.ndarray:
        """[f₁; …; f_M]"""
        return np.concatenate([self.or_missing(projected, name) for name in self.names])

    def bilinear(self, projected: Features) -> np.ndarray:
        """[a₁; …; a_M; (U·aᵢ) ∘ (V·aⱼ) for every pair]"""
        pairs = self.spec["fusion"].get("pairs") or list(itertools.combinations(self.names, 2))
        products = [
            (self.tensors[f"fusion.{i}.{j}.left"] @ self.or_missing(projected, i))
            * (self.tensors[f"fusion.{i}.{j}.right"] @ self.or_missing(projected, j))
            for i, j in pairs
        ]
        return np.concatenate([self.concat(projected), *products])

    def cross_attention(self, projected: Features) -> np.ndarray:
        """Of every map the places (Σ_p α_hp·x_p, Σ_p α_hp·y_p), α_h = softmax_p((W·q + b)_h·m_p/√channels)"""
        spec = self.spec["fusion"]
        query = np.concatenate([self.or_missing(projected, name) for name in self.names if name in spec["queries"]])
        parts = []
        for name in self.names:
            if name in spec["maps"] and name in projected:
                cells = spec["maps"][name]
                grid = projected[name].reshape(-1, cells, cells)
                sought = self.tensors[f"fusion.{name}.weight"] @ query + self.tensors[f"fusion.{name}.bias"]
                axis = np.linspace(-1.0, 1.0, cells) if cells > 1 else np.zeros(1)
                places = []
                for head in sought.reshape(spec["heads"], len(grid)):
                    logits = np.einsum("c,cyx->yx", head, grid) / math.sqrt(len(grid))
                    alpha = softmax(logits.ravel()).reshape(cells, cells)
                    places.append((sum(alpha.sum(axis=0) * axis), sum(alpha.sum(axis=1) * axis)))
                parts.append(np.array(places).T.ravel())
            elif name in spec["maps"]:
                parts.append(self.tensors.get(f"missing.{name}", np.zeros(2 * spec["heads"])))
            elif name not in spec["queries"]:
                parts.append(self.or_missing(projected, name))
        return np.concatenate(parts)

    def weighted(self, projected: Features, ages_s: dict[str, float]) -> np.ndarray:
        """Σ w_m ⊙ a_m"""
        nothing = np.zeros(self.width(self.names[0]))
        if not projected:
            return nothing
        weights = self.weights(projected, ages_s)
        return sum((weights[name] * projected[name] for name in projected), start=nothing)

    def weights(self, projected: Features, ages_s: dict[str, float]) -> Features:
        """The weights of the modalities that are there, one number per dimension."""
        spec = self.spec["fusion"]["weights"]
        kind, width = spec["kind"], self.width(self.names[0])
        tau_s = self.spec["fusion"].get("tau_s", {})
        faded = {name: math.exp(-max(ages_s[name], 0.0) / tau_s[name]) if name in tau_s else 1.0 for name in projected}
        if kind == "attention_within":
            return {n: softmax(self.tensors[f"fusion.{n}.weight"] @ a) * faded[n] for n, a in projected.items()}
        if kind == "attention_across":
            scores = [
                self.tensors["fusion.vector"] @ np.tanh(self.tensors["fusion.weight"] @ a) for a in projected.values()
            ]
            raw = {name: np.full(width, part) for name, part in zip(projected, softmax(np.array(scores)))}
        elif kind == "learned":
            rows = self.tensors["fusion.logits"].reshape(len(self.names), -1)
            powers = np.exp(rows - rows.max(axis=0))
            raw = {name: np.broadcast_to(powers[self.names.index(name)], width) for name in projected}
        else:
            raw = {name: np.broadcast_to(np.asarray(spec["values"][name], dtype=float), width) for name in projected}
        raw = {name: raw[name] * faded[name] for name in projected}
        total = sum(raw.values())
        # Where all weigh nothing, all weigh alike.
        return {n: np.where(total > 0, raw[n] / np.where(total > 0, total, 1.0), 1 / len(projected)) for n in projected}

    def vote(self, projected: Features) -> np.ndarray:
        """The decision of the voters, `[steps, actions]`."""
        fusion = self.spec["fusion"]
        voters = fusion.get("voters") or [{"name": name, "modalities": [name]} for name in self.names]
        there = {v["name"]: [name in projected for name in v["modalities"]] for v in voters}
        voting = [v for v in voters if all(there[v["name"]])]
        voting = voting or [v for v in voters if any(there[v["name"]])] or voters
        if "bins" in fusion:
            centres = self.tensors["vote.centres"]
            shape, tables = (self.steps, self.actions, fusion["bins"]), [row[:, None] for row in centres]
        else:
            table = np.array([choice["action"] for choice in fusion["choices"]])
            shape, tables = (self.steps, 1, len(table)), [table]
        probabilities = {}
        for voter in voting:
            group = np.concatenate([self.or_missing(projected, name) for name in voter["modalities"]])
            logits = self.layers(f"vote.{voter['name']}", group).reshape(shape)
            probabilities[voter["name"]] = np.apply_along_axis(softmax, 2, logits)
        voices = self.voices(voters, [voter["name"] for voter in voting])
        decided = np.zeros((self.steps, self.actions))
        for step, question in itertools.product(range(shape[0]), range(shape[1])):
            each = {name: p[step, question] for name, p in probabilities.items()}
            number = decide(fusion["rule"], each, voices, tables[question])
            if "bins" in fusion:
                decided[step, question] = number[0]
            else:
                decided[step] = number
        return decided

    def voices(self, voters: list[dict], voting: list[str]) -> dict[str, float]:
        """What the votes of those who vote count."""
        fusion = self.spec["fusion"]
        if fusion.get("weights"):
            voices = {name: fusion["weights"][name] for name in voting}
        elif fusion["rule"] == "weighted":
            learned = dict(zip([voter["name"] for voter in voters], self.tensors["vote.weights"]))
            voices = {name: learned[name] for name in voting}
        else:
            voices = dict.fromkeys(voting, 1.0)
        return voices if sum(voices.values()) > 0 else dict.fromkeys(voting, 1.0)


def decide(rule: str, probabilities: Features, voices: dict[str, float], table: np.ndarray) -> np.ndarray:
    """The number, or the numbers, that a vote comes to; `table` says what each alternative stands for."""
    if rule == "soft":
        mixture = sum(voices[name] * p for name, p in probabilities.items()) / sum(voices.values())
        return mixture @ table
    votes = np.zeros(len(table))
    for name, p in probabilities.items():
        votes[np.argmax(p)] += 1.0 if rule == "majority" else voices[name]
    mean = np.mean(list(probabilities.values()), axis=0)
    best = max(range(len(table)), key=lambda i: (votes[i], mean[i], -i))
    return table[best]


def contributions(policy: Reference, features: Features, ages_s: dict[str, float]) -> dict[str, np.ndarray]:
    """Shapley values of the first step's action, over all orders in which modalities could come."""
    names = list(features)
    values = {name: np.zeros(policy.actions) for name in names}
    for order in itertools.permutations(names):
        there: Features = {}
        for name in order:
            before = policy.act(there, ages_s)[0]
            there = {each: features[each] for each in policy.names if each in there or each == name}
            values[name] += policy.act(there, ages_s)[0] - before
    return {name: value / math.factorial(len(names)) for name, value in values.items()}
