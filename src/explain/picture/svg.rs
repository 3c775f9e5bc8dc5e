//! The few shapes that the picture is made of. Lengths are pixels, y grows downwards.

use std::fmt::Write;

use crate::html::escaped;

/// A picture in the making.
pub struct Svg {
    body: String,
}

/// Where a text is held.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            body: String::new(),
        }
    }

    /// Puts another picture on top.
    pub fn append(&mut self, other: Self) {
        self.body.push_str(&other.body);
    }

    /// The document, with styles for the classes of the shapes.
    pub fn finish(self, width: f64, height: f64, title: &str, style: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{style}</style>\n{}</svg>\n",
            escaped(title),
            self.body
        )
    }

    /// A text on its baseline.
    pub fn text(&mut self, class: &str, x: f64, y: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{text}</text>"
        );
    }

    /// A text in a box that cuts off what is too long; hovering shows all of it.
    pub fn label(&mut self, class: &str, place: Place, text: &str) {
        let Place {
            x,
            y,
            width,
            height,
        } = place;
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            "<svg x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{text}</title>\
             <rect class=\"{class}\" width=\"100%\" height=\"100%\" rx=\"4\"/>\
             <text class=\"{class}-text\" x=\"8\" y=\"{:.1}\">{text}</text></svg>",
            height / 2.0 + 4.5
        );
    }

    /// A rectangle, of a colour unless its class has one.
    pub fn rect(&mut self, class: &str, place: Place, fill: Option<&str>) {
        let Place {
            x,
            y,
            width,
            height,
        } = place;
        let fill = fill.map_or(String::new(), |fill| format!(" fill=\"{fill}\""));
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"{fill}/>"
        );
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// A path by its commands, of a colour unless its class has one; an empty one is left out.
    pub fn path(&mut self, class: &str, commands: &str, paint: Option<(&str, &str)>) {
        if commands.is_empty() {
            return;
        }
        let paint = paint.map_or(String::new(), |(what, colour)| {
            format!(" {what}=\"{colour}\"")
        });
        let _ = writeln!(
            self.body,
            "<path class=\"{class}\" d=\"{commands}\"{paint}/>"
        );
    }

    /// A jpeg.
    pub fn jpeg(&mut self, place: Place, jpeg: &[u8]) {
        let Place {
            x,
            y,
            width,
            height,
        } = place;
        let _ = writeln!(
            self.body,
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             href=\"data:image/jpeg;base64,{}\"/>",
            base64::encode(jpeg)
        );
    }
}

/// A rectangle.
#[derive(Clone, Copy)]
pub struct Place {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}
