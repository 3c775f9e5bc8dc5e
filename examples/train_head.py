#!/usr/bin/env python3
"""Train a policy's head in PyTorch, from the features that `late_fusion export --features` wrote.

    late_fusion export my_robot/training.yaml last_week/ --out features --features
    python3 examples/train_head.py features --epochs 60
    late_fusion predict --policy features --features some_features.json

Needs torch, pyarrow, safetensors and PyYAML, and nothing of late_fusion: copy this folder to any cluster, and bring
weights.safetensors back. For a training file with `fusion: {method: concat}` and a head of the kind mlp; what other
fusions need is in models/policies/README.md. Change the loss or the optimizer as you like: the node takes
any tensors of the names and shapes that policy.yaml asks for.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml
from safetensors.torch import save_file
from torch import nn


def vectors(table: pa.Table, column: str) -> torch.Tensor:
    """A column of vectors, one row for each label."""
    chunks = [np.stack(chunk.to_numpy(zero_copy_only=False)) for chunk in table.column(column).chunks if len(chunk)]
    return torch.from_numpy(np.concatenate(chunks).astype(np.float32))


class Policy(nn.Module):
    """Standardized features, each projected where policy.yaml says so, side by side, and an MLP behind them."""

    def __init__(self, policy: dict, told: dict) -> None:
        super().__init__()
        width = 0
        self.names = [modality["name"] for modality in policy["modalities"]]
        self.projections = nn.ModuleDict()
        for modality, scale in zip(policy["modalities"], told["modalities"]):
            if modality.get("projection_hidden") or modality.get("projection_activation", "none") != "none":
                raise SystemExit(f"modality {modality['name']}: this example knows linear projections only")
            features = len(scale["mean"])
            if modality.get("projection"):
                self.projections[modality["name"]] = nn.Linear(features, modality["projection"])
            width += modality.get("projection") or features
        layers: list[nn.Module] = []
        for hidden in policy["head"]["hidden"]:
            layers += [nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        outputs = told["action"]["steps"] * len(told["action"]["mean"])
        self.head = nn.Sequential(*layers, nn.Linear(width, outputs))

    def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        """Standardized features by modality to standardized actions."""
        aligned = [self.projections[n](features[n]) if n in self.projections else features[n] for n in self.names]
        return self.head(torch.cat(aligned, dim=1))

    def tensors(self, told: dict) -> dict[str, torch.Tensor]:
        """All that the node needs, by its names."""
        found: dict[str, torch.Tensor] = {}
        for modality in told["modalities"]:
            place = f"standardize.{modality['name']}"
            found |= {f"{place}.{part}": torch.tensor(modality[part]) for part in ("mean", "std")}
            if modality["usual_distance"] is not None:
                found[f"{place}.usual_distance"] = torch.tensor([modality["usual_distance"]])
        layers = {f"projection.{name}": layer for name, layer in self.projections.items()}
        linear = [layer for layer in self.head if isinstance(layer, nn.Linear)]
        layers |= {f"head.{i}": layer for i, layer in enumerate(linear)}
        for name, layer in layers.items():
            found |= {f"{name}.weight": layer.weight.detach(), f"{name}.bias": layer.bias.detach()}
        found |= {f"action.{part}": torch.tensor(told["action"][part]) for part in ("mean", "std")}
        return {name: tensor.float().contiguous() for name, tensor in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what `late_fusion export --features` wrote")
    parser.add_argument("--epochs", type=int, help="how often every row is seen [default: the training file's]")
    arguments = parser.parse_args()
    table = pq.read_table(arguments.folder / "features.parquet")
    told = json.loads(table.schema.metadata[b"late_fusion"])
    policy = yaml.safe_load((arguments.folder / "policy.yaml").read_text())
    if told["format"] != 1 or policy["fusion"]["method"] != "concat":
        raise SystemExit("this example knows tables of format 1, and the fusion concat")
    training = told["training"]
    torch.manual_seed(training["seed"])
    features = {}
    for modality in told["modalities"]:
        mean, std = torch.tensor(modality["mean"]), torch.tensor(modality["std"])
        features[modality["name"]] = (vectors(table, modality["column"]) - mean) / std
    steps = told["action"]["steps"]
    mean, std = (torch.tensor(told["action"][part]).repeat(steps) for part in ("mean", "std"))
    actions = (vectors(table, told["action"]["column"]) - mean) / std
    is_validation = torch.tensor(table.column("is_validation").to_pylist())
    learned_from, measured_on = (~is_validation).nonzero().flatten(), is_validation.nonzero().flatten()

    model = Policy(policy, told)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training["learning_rate"], weight_decay=training["weight_decay"]
    )
    epochs = arguments.epochs or training["epochs"]
    batches = -(-len(learned_from) // training["batch_size"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training["learning_rate"], total_steps=epochs * batches)
    for epoch in range(epochs):
        for rows in learned_from[torch.randperm(len(learned_from))].split(training["batch_size"]):
            loss = nn.functional.mse_loss(model({n: f[rows] for n, f in features.items()}), actions[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if len(measured_on) and (epoch + 1) % max(1, epochs // 10) == 0:
            with torch.no_grad():
                found = model({n: f[measured_on] for n, f in features.items()})
            loss = nn.functional.mse_loss(found, actions[measured_on])
            print(f"epoch {epoch + 1}: validation loss {loss:.4f} (1 is what always saying the mean gives)")
    save_file(model.tensors(told), arguments.folder / "weights.safetensors")
    print(f"wrote {arguments.folder / 'weights.safetensors'}")


if __name__ == "__main__":
    main()
