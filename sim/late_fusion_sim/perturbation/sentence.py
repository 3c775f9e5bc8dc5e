"""The same wish in other writing; and, as a proof that a policy listens, another wish."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from late_fusion_sim.perturbation.base import INSTRUCTION, Kind, Perturbation, Setting
from late_fusion_sim.scene import Scene
from late_fusion_sim.tasks import Task, all_tasks, load_tasks, others_of
from late_fusion_sim.world import AnyScene

Rewording = Callable[[str, np.random.Generator], str]

POLITE = ("please {}", "{}, please", "could you {} for me", "can you please {}", "I would like you to {}")

TYPO_WORDS = 2
TYPO_LETTERS = 4
"""Shorter words are left alone: little would be left of them."""

PREPOSITIONS = frozenset({"to", "from", "into", "onto", "in", "on", "out", "with", "at", "off", "through", "over"})


@dataclass(frozen=True, kw_only=True)
class SentencePerturbation(Perturbation):
    """A sentence is said otherwise."""

    kind: ClassVar[Kind] = "sentence"
    reword: Rewording
    of_imperatives: bool = False
    """Whether it only makes sense of a plain imperative, as the demo's sentences are."""

    def lacks(self, setting: Setting) -> str | None:
        if self.of_imperatives and setting.sentences != "demo":
            return f"with --sentences {setting.sentences} not every sentence is a plain imperative"
        return needs_instruction(setting)

    def sentence(self, sentence: str, task: Task, scene: AnyScene, seed: int) -> str:
        return self.reword(sentence, self.rng(seed))


class OtherTask(Perturbation):
    """Something else is asked for: in the same scene where there is something else to do, in another one where not."""

    kind: ClassVar[Kind] = "sentence"

    def lacks(self, setting: Setting) -> str | None:
        return needs_instruction(setting)

    def sentence(self, sentence: str, task: Task, scene: AnyScene, seed: int) -> str:
        rng = self.rng(seed)
        if isinstance(scene, Scene) and scene.layout is not None:
            others = [shape for shape in scene.layout.positions if shape != scene.layout.target]
            return task.demo.format(**others[rng.integers(len(others))]._asdict())
        others_here = others_of(task) or strangers(task)
        return others_here[rng.integers(len(others_here))].demo


def strangers(task: Task) -> tuple[Task, ...]:
    """What the same robot can be asked for in other scenes: ours for one of ours, one of the fifty for those."""
    ours = load_tasks()
    known = ours if task.name in ours else {name: other for name, other in all_tasks().items() if name not in ours}
    return tuple(
        other for other in known.values() if other.robot == task.robot and other != task and "{" not in other.demo
    )


def needs_instruction(setting: Setting) -> str | None:
    """Why sentences cannot be disturbed."""
    return None if INSTRUCTION in setting.senses else f"a policy does not have '{INSTRUCTION}'"


def typos(sentence: str, rng: np.random.Generator) -> str:
    """One slip of the fingers in each of two words: two letters swapped, one left out, or one twice."""
    words = re.split(r"(\W+)", sentence)
    long = [place for place, word in enumerate(words) if len(word) >= TYPO_LETTERS and word.isalpha()]
    for place in rng.permutation(long)[:TYPO_WORDS]:
        words[place] = mistyped(words[place], rng)
    return "".join(words)


def mistyped(word: str, rng: np.random.Generator) -> str:
    """A word with one slip, behind its first letter."""
    # Equal neighbours that are swapped, or one of them left out and one twice, would be no slip to see.
    swaps = [i for i in range(1, len(word) - 1) if word[i] != word[i + 1]]
    slip = rng.integers(3)
    if slip == 0 and swaps:
        i = swaps[rng.integers(len(swaps))]
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    i = int(rng.integers(1, len(word)))
    return word[:i] + word[i + 1 :] if slip == 1 else word[:i] + 2 * word[i] + word[i + 1 :]


def polite(sentence: str, rng: np.random.Generator) -> str:
    """A plain imperative, wrapped in a politeness."""
    return POLITE[rng.integers(len(POLITE))].format(within(sentence))


def within(sentence: str) -> str:
    """A sentence that no longer begins one."""
    return sentence[:1].lower() + sentence[1:]


def reordered(sentence: str, rng: np.random.Generator) -> str:
    """A plain imperative with what it ends in at its front: "to the left, push the cube"; "the drawer, open it"."""
    words = within(sentence).split()
    split = next((place for place, word in enumerate(words) if place and word in PREPOSITIONS), len(words))
    asked, where = words[:split], words[split:]
    if where:
        return f"{' '.join(where)}, {' '.join(asked)}"
    return f"{' '.join(asked[1:])}, {asked[0]} it" if len(asked) > 1 else sentence


SENTENCE: tuple[Perturbation, ...] = (
    SentencePerturbation(name="typos", words="one typing error in each of two words", reword=typos),
    SentencePerturbation(name="polite", words="wrapped in a polite phrase", reword=polite, of_imperatives=True),
    SentencePerturbation(
        name="word_order", words="the end of the sentence comes first", reword=reordered, of_imperatives=True
    ),
    SentencePerturbation(name="full_stop", words="a full stop at its end", reword=lambda sentence, rng: f"{sentence}."),
    SentencePerturbation(name="capitals", words="IN CAPITALS", reword=lambda sentence, rng: sentence.upper()),
)

OTHER_TASK: tuple[Perturbation, ...] = (
    OtherTask(
        name="other_task",
        words="another task is requested, of the same scene if there is one",
        proof=True,
    ),
)
