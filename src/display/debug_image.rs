//! What the node sees, is told and does, and why, in one picture that can be read at a glance.

use embedded_graphics::mono_font::iso_8859_1::{
    FONT_6X10, FONT_6X13, FONT_7X14, FONT_9X15, FONT_9X18_BOLD,
};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use super::canvas::Canvas;
use super::layout::{FOOTER, GAP, HEADER, HEIGHT, Layout, WIDTH, area, cells};
use super::palette::{AMBER, BACKGROUND, DIM, GREEN, GREY, PANEL, RED, TEXT, colour_of};
use super::panels::{self, age};
use super::text::wrapped;
use super::{Activity, Camera, Health, View};
use crate::encoder::{RgbPicture, Room};

/// The letters of a picture's caption, and their room.
const CAPTION: u32 = 16;

/// Draws the state of a node with the newest pictures of its cameras.
pub fn draw(view: &View, cameras: &[Camera]) -> RgbPicture {
    let canvas = draw_on(Canvas::new(WIDTH, HEIGHT, BACKGROUND), view, cameras);
    canvas.finish()
}

fn draw_on(mut canvas: Canvas, view: &View, cameras: &[Camera]) -> Canvas {
    let layout = Layout::new(view.modalities.len().max(view.actions.len()));
    header(&mut canvas, view);
    instruction(&mut canvas, view);
    pictures(&mut canvas, layout.pictures, view, cameras);
    panels::draw(&mut canvas, &layout, &view.modalities, &view.actions);
    footer(&mut canvas, view);
    canvas
}

fn header(canvas: &mut Canvas, view: &View) {
    let colour = match view.activity {
        Activity::Active => GREEN,
        Activity::Waiting => AMBER,
        Activity::Stopped => RED,
        Activity::Inactive => GREY,
    };
    canvas.fill(area(0, 0, WIDTH as u32, HEADER - 2), colour);
    let word = view.activity.word();
    let at = Point::new(GAP as i32, 11);
    let width = canvas.text(word, at, 120, &FONT_9X18_BOLD, Rgb888::WHITE);
    let left = GAP + width + 14;
    // An active node has nothing to explain.
    if view.reason.eq_ignore_ascii_case(word) {
        return;
    }
    let room = WIDTH as u32 - GAP - left;
    let lines = wrapped(&view.reason, &FONT_7X14, room, 2);
    let top = (HEADER as i32 - 2 - 15 * lines.len() as i32) / 2;
    for (i, line) in lines.iter().enumerate() {
        let at = Point::new(left as i32, top + 15 * i as i32);
        canvas.text(line, at, room, &FONT_7X14, Rgb888::WHITE);
    }
}

fn instruction(canvas: &mut Canvas, view: &View) {
    let at = Point::new(GAP as i32, HEADER as i32 + 4);
    let room = WIDTH as u32 - 2 * GAP;
    match view.instruction.as_str() {
        "" => canvas.text("no instruction", at, room, &FONT_9X15, DIM),
        said => canvas.text(said, at, room, &FONT_9X15, TEXT),
    };
}

fn pictures(canvas: &mut Canvas, whole: Rectangle, view: &View, cameras: &[Camera]) {
    if cameras.is_empty() {
        canvas.fill(whole, PANEL);
        let at = whole.top_left + Point::new(GAP as i32, GAP as i32);
        canvas.text("no camera", at, whole.size.width - 2 * GAP, &FONT_7X14, DIM);
    }
    for (camera, cell) in cameras.iter().zip(cells(cameras.len(), whole)) {
        let modality = view.modalities.iter().find(|m| m.name == camera.modality);
        let (health, age_s) = modality.map_or((Health::Silent, None), |m| (m.health, m.age_s));
        let room = Size::new(cell.size.width, cell.size.height.saturating_sub(CAPTION));
        let shown = picture(canvas, Rectangle::new(cell.top_left, room), camera);
        let at = Point::new(shown, cell.top_left.y + room.height as i32 + 2);
        let caption = format!("{}  {}", camera.modality, age(age_s));
        let left = cell.size.width - (shown - cell.top_left.x) as u32;
        canvas.text(&caption, at, left, &FONT_6X13, colour_of(health));
    }
}

/// The newest picture of a camera in the middle of its cell, or why there is none. Returns the column where it begins.
fn picture(canvas: &mut Canvas, cell: Rectangle, camera: &Camera) -> i32 {
    let Size { width, height } = cell.size;
    let why = match camera.picture(Room::Within(width as usize, height as usize)) {
        Ok(Some(picture)) => {
            let free = Size::new(width - picture.width as u32, height - picture.height as u32);
            let at = cell.top_left + Point::new(free.width as i32 / 2, free.height as i32 / 2);
            canvas.paste(&picture, at);
            return at.x;
        }
        Ok(None) => "no picture yet".to_owned(),
        Err(why) => why.to_string(),
    };
    canvas.fill(cell, PANEL);
    let room = width.saturating_sub(2 * GAP);
    let most = height.saturating_sub(2 * GAP) / 12;
    let lines = wrapped(&why, &FONT_6X10, room, most as usize);
    for (i, line) in lines.iter().take(most as usize).enumerate() {
        let at = cell.top_left + Point::new(GAP as i32, GAP as i32 + 12 * i as i32);
        canvas.text(line, at, room, &FONT_6X10, DIM);
    }
    cell.top_left.x
}

fn footer(canvas: &mut Canvas, view: &View) {
    let at = Point::new(GAP as i32, HEIGHT as i32 - FOOTER as i32 + 5);
    let mut text = view.node.clone();
    if !view.policy.is_empty() {
        text += &format!(
            "   policy {}   {:.1} Hz   p99 {:.1} ms",
            view.policy, view.rate_hz, view.interval_p99_ms
        );
    }
    let room = WIDTH as u32 - 2 * GAP;
    canvas.text(&text, at, room, &FONT_6X10, DIM);
}

#[cfg(test)]
mod tests;
