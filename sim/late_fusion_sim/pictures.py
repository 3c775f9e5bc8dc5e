"""The report for the eyes: an animation of all sentences at once, and a contact sheet to print."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from late_fusion_sim.camera import SIDE
from late_fusion_sim.episode import Episode

BACKGROUND = "#15181d"
TEXT = "#f0f2f4"
FAINT = "#8b939e"
OUTCOME_COLOURS = {"success": "#4fb57f", "wrong_task": "#e0564c", "timeout": "#d9a441"}
HAPPENED_COLOUR = "#5a9bd8"
"""Of a sentence that is not judged."""

GAP = 8
MAX_COLUMNS = 5
CAPTION_HEIGHT = 64
SLOWER = 2
"""Half speed, because the arm is quicker than the eye can read."""
FIRST_FRAME_MS = 800
LAST_FRAME_MS = 2000
PALETTE_SAMPLES = 6
SHEET_FRAMES = 6
LABEL_WIDTH = 240

SENTENCE_FONT = ImageFont.load_default(17)
NOTE_FONT = ImageFont.load_default(14)


def write_animation(episodes: list[Episode], path: Path, period_s: float) -> Path:
    """A GIF in which all episodes begin together; each holds its last frame until the longest is over."""
    columns = min(MAX_COLUMNS, len(episodes))
    pages = [
        _page(episodes, step, columns, period_s) for step in range(max(len(episode.frames) for episode in episodes))
    ]
    # One palette for all pages keeps what stands still equal from page to page, and so the file small.
    samples = pages[:: max(1, len(pages) // PALETTE_SAMPLES)] + pages[-1:]
    strip = Image.new("RGB", (samples[0].width, samples[0].height * len(samples)))
    for row, sample in enumerate(samples):
        strip.paste(sample, (0, row * sample.height))
    palette = strip.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    first, *others = [page.quantize(palette=palette, dither=Image.Dither.NONE) for page in pages]
    path.parent.mkdir(parents=True, exist_ok=True)
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=[FIRST_FRAME_MS, *[round(SLOWER * 1e3 * period_s)] * (len(others) - 1), LAST_FRAME_MS],
        loop=0,
        optimize=False,
    )
    return path


def write_contact_sheet(episodes: list[Episode], path: Path, period_s: float) -> Path:
    """A PNG with one row per episode: the sentence, then frames from the first to the last."""
    width = LABEL_WIDTH + SHEET_FRAMES * (SIDE + GAP)
    sheet = Image.new("RGB", (width, GAP + len(episodes) * (SIDE + GAP)), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for row, episode in enumerate(episodes):
        top = GAP + row * (SIDE + GAP)
        lines = _wrap(f"“{episode.sentence}”", LABEL_WIDTH - 3 * GAP, limit=4)
        notes = [(episode.outcome.replace("_", " "), colour_of(episode)), (_time_note(episode, period_s), FAINT)]
        y = top + (SIDE - 24 * len(lines) - 20 * len(notes)) // 2
        for line in lines:
            draw.text((2 * GAP, y), line, TEXT, SENTENCE_FONT)
            y += 24
        for note, colour in notes:
            draw.text((2 * GAP, y + 4), note, colour, NOTE_FONT)
            y += 20
        for column, index in enumerate(np.linspace(0, len(episode.frames) - 1, SHEET_FRAMES).round().astype(int)):
            left = LABEL_WIDTH + column * (SIDE + GAP)
            sheet.paste(_shown(episode.frames[index]), (left, top))
        _frame(draw, left, top, colour_of(episode))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return path


def colour_of(episode: Episode) -> str:
    """The colour of an episode's outcome."""
    return OUTCOME_COLOURS.get(episode.outcome, HAPPENED_COLOUR)


def _page(episodes: list[Episode], step: int, columns: int, period_s: float) -> Image.Image:
    """One picture of the animation: every episode at a step, or at its end when that came before."""
    rows = -(-len(episodes) // columns)
    cell_height = SIDE + CAPTION_HEIGHT
    page = Image.new("RGB", (GAP + columns * (SIDE + GAP), GAP + rows * (cell_height + GAP)), BACKGROUND)
    draw = ImageDraw.Draw(page)
    for number, episode in enumerate(episodes):
        left = GAP + number % columns * (SIDE + GAP)
        top = GAP + number // columns * (cell_height + GAP)
        over = step >= episode.steps
        page.paste(_shown(episode.frames[min(step, episode.steps)]), (left, top))
        note, colour = f"{step * period_s:.1f} s", FAINT
        if over:
            note, colour = (
                f"{episode.outcome.replace('_', ' ')}  ·  {_time_note(episode, period_s)}",
                colour_of(episode),
            )
            _frame(draw, left, top, colour)
        (line,) = _wrap(f"“{episode.sentence}”", SIDE, limit=1)
        draw.text((left + SIDE // 2, top + SIDE + 20), line, TEXT, SENTENCE_FONT, anchor="mm")
        draw.text((left + SIDE // 2, top + SIDE + 45), note, colour, NOTE_FONT, anchor="mm")
    return page


def _shown(frame: np.ndarray) -> Image.Image:
    """A picture of the camera in the size that all are shown in."""
    return Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BOX)


def _frame(draw: ImageDraw.ImageDraw, left: int, top: int, colour: str) -> None:
    draw.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), outline=colour, width=3)


def _time_note(episode: Episode, period_s: float) -> str:
    return f"{episode.steps * period_s:.1f} s, {episode.steps} steps"


def _wrap(text: str, width: int, *, limit: int) -> list[str]:
    """Breaks a sentence into lines that fit; what does not fit in `limit` lines ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and SENTENCE_FONT.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > limit:
        lines = [*lines[: limit - 1], " ".join(lines[limit - 1 :])]
    return [_shorten(line, width) for line in lines]


def _shorten(line: str, width: int) -> str:
    if SENTENCE_FONT.getlength(line) <= width:
        return line
    while line and SENTENCE_FONT.getlength(f"{line}…") > width:
        line = line[:-1]
    return f"{line}…"
