//! The tables of the debug image: modalities with their contributions, and the numbers of the action.

use embedded_graphics::mono_font::MonoFont;
use embedded_graphics::mono_font::iso_8859_1::{FONT_6X10, FONT_6X13};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use super::canvas::Canvas;
use super::layout::{HEADING, Layout, MOST_ROWS, area};
use super::palette::{BACKGROUND, DIM, PANEL, TEXT, colour_of};
use super::text::advance;
use super::{ActionView, ModalityView};

/// Contributions that push the action where it goes, and those that push it back.
const TOWARDS: Rgb888 = Rgb888::new(76, 141, 255);
const AGAINST: Rgb888 = Rgb888::new(240, 136, 62);

/// Pixels of the table of modalities; that of the action has the rest.
const MODALITIES_WIDTH: u32 = 408;

/// Draws both tables.
pub(super) fn draw(
    canvas: &mut Canvas,
    layout: &Layout,
    modalities: &[ModalityView],
    actions: &[ActionView],
) {
    let Rectangle { top_left, size } = layout.tables;
    let rest = size.width - MODALITIES_WIDTH;
    let left = Table::new(canvas, layout, top_left.x as u32, MODALITIES_WIDTH - 8);
    left.heading(
        canvas,
        &[
            (14, 92, "modality"),
            (110, 186, "share of action"),
            (346, 54, "age"),
        ],
    );
    for (row, modality) in modalities.iter().take(MOST_ROWS).enumerate() {
        left.modality(canvas, row as u32, modality);
    }
    let right = Table::new(canvas, layout, top_left.x as u32 + MODALITIES_WIDTH, rest);
    right.heading(canvas, &[(6, 84, "action"), (96, 66, "command")]);
    let is_all = actions.len() <= MOST_ROWS;
    let shown = if is_all { MOST_ROWS } else { MOST_ROWS - 1 };
    for (row, action) in actions.iter().take(shown).enumerate() {
        right.action(canvas, row as u32, action);
    }
    if !is_all {
        let more = format!("and {} more", actions.len() - shown);
        right.text(canvas, shown as u32, 6, rest - 12, &more, DIM);
    }
}

/// Rows of one height below a heading.
struct Table<'a> {
    at: Point,
    width: u32,
    row: u32,
    font: &'a MonoFont<'a>,
}

impl Table<'_> {
    fn new(canvas: &mut Canvas, layout: &Layout, left: u32, width: u32) -> Self {
        let at = Point::new(left as i32, layout.tables.top_left.y);
        canvas.fill(
            Rectangle::new(at, Size::new(width, layout.tables.size.height)),
            PANEL,
        );
        Self {
            at,
            width,
            row: layout.row,
            font: if layout.row < 15 {
                &FONT_6X10
            } else {
                &FONT_6X13
            },
        }
    }

    fn heading(&self, canvas: &mut Canvas, columns: &[(u32, u32, &str)]) {
        for (left, width, title) in columns {
            let at = self.at + Point::new(*left as i32, 4);
            canvas.text(title, at, *width, &FONT_6X10, DIM);
        }
    }

    /// The corner of what is `height` high and `left` pixels from the edge, in the middle of a row.
    fn corner(&self, row: u32, left: u32, height: u32) -> (u32, u32) {
        let top = HEADING + row * self.row + self.row.saturating_sub(height) / 2;
        (self.at.x as u32 + left, self.at.y as u32 + top)
    }

    fn text(
        &self,
        canvas: &mut Canvas,
        row: u32,
        left: u32,
        width: u32,
        text: &str,
        colour: Rgb888,
    ) {
        let (x, y) = self.corner(row, left, self.font.character_size.height);
        let width = width.min(self.width - left);
        canvas.text(
            text,
            Point::new(x as i32, y as i32),
            width,
            self.font,
            colour,
        );
    }

    /// The same, ending where the column does.
    fn number(
        &self,
        canvas: &mut Canvas,
        row: u32,
        (left, width): (u32, u32),
        text: &str,
        colour: Rgb888,
    ) {
        let free = width.saturating_sub(text.chars().count() as u32 * advance(self.font));
        self.text(canvas, row, left + free, width - free, text, colour);
    }

    /// A bar from the middle of a column, `part` of the way to one of its ends.
    fn bar(&self, canvas: &mut Canvas, row: u32, (left, width): (u32, u32), part: Option<f64>) {
        let height = self.row - 4;
        let (x, y) = self.corner(row, left, height);
        canvas.fill(area(x, y, width, height), BACKGROUND);
        let half = width / 2;
        let part = part.filter(|part| part.is_finite()).unwrap_or(0.0);
        let length = (part.abs().min(1.0) * f64::from(half)).round() as u32;
        let (from, colour) = match part < 0.0 {
            true => (half - length, AGAINST),
            false => (half, TOWARDS),
        };
        canvas.fill(area(x + from, y, length, height), colour);
        canvas.fill(area(x + half, y, 1, height), DIM);
    }

    fn modality(&self, canvas: &mut Canvas, row: u32, modality: &ModalityView) {
        let colour = colour_of(modality.health);
        let (x, y) = self.corner(row, 4, 6);
        canvas.fill(area(x, y, 6, 6), colour);
        self.text(canvas, row, 14, 92, &modality.name, TEXT);
        self.bar(canvas, row, (110, 186), modality.share);
        let share = modality
            .share
            .map_or("-".into(), |share| format!("{:+.0} %", 100.0 * share));
        self.number(canvas, row, (298, 42), &share, TEXT);
        self.number(canvas, row, (342, 52), &age(modality.age_s), colour);
    }

    fn action(&self, canvas: &mut Canvas, row: u32, action: &ActionView) {
        self.text(canvas, row, 6, 84, &action.name, TEXT);
        let value = action
            .value
            .map_or("-".into(), |value| format!("{value:+.3}"));
        self.number(canvas, row, (90, 66), &value, TEXT);
        let part = match (action.value, action.min, action.max) {
            (Some(value), Some(min), Some(max)) if max > min => {
                Some((2.0 * value - min - max) / (max - min))
            }
            _ => None,
        };
        self.bar(canvas, row, (162, 48), part);
    }
}

/// An age that fits into a column.
pub(super) fn age(age_s: Option<f64>) -> String {
    match age_s {
        None => "none".into(),
        Some(age_s) if age_s.abs() < 100.0 => format!("{age_s:.2} s"),
        Some(age_s) if age_s.abs() < 6000.0 => format!("{:.0} min", age_s / 60.0),
        Some(age_s) => format!("{:.0} h", age_s / 3600.0),
    }
}
