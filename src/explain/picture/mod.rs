//! The picture of an explanation: time goes to the right; frames, sentences, contributions and actions are below each
//! other. One SVG file that needs nothing beside itself.

mod palette;
mod plot;
mod rows;
mod svg;
mod time;

use self::palette::colour;
use self::rows::Rows;
use self::svg::{Anchor, Place, Svg};
use self::time::{LEFT, RIGHT, Time};
use super::figures::Figures;
use super::replay::Frame;

const WIDTH: f64 = 1200.0;

const STYLE: &str = "\
svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\
.paper{fill:#fff}.h1{font-size:22px;font-weight:650;fill:#1c2430}.sub{font-size:13.5px;fill:#667085}\
.name{font-size:14px;font-weight:600;fill:#1c2430}.soft{font-size:12px;fill:#667085}\
.share{font-size:12px;fill:#344054}.note{font-size:12.5px;fill:#b42318}\
.grid{stroke:#eef0f3}.zero{stroke:#c3cad5}.edge{stroke:#d0d5dd}\
.span{fill:#f2f4f7;stroke:#d0d5dd}.span-text{font-size:13px;fill:#1c2430}\
.stop{fill:#fef3f2;stroke:#fda29b}.stop-text{font-size:13px;fill:#b42318}\
.nothing{fill:none;stroke:#667085;stroke-width:1.2;stroke-dasharray:9 3 2 3}.halt{fill:#f9d9d6;opacity:.45}.area{opacity:.92}\
.own{fill:none;stroke:#1c2430;stroke-width:2;stroke-linejoin:round}\
.expert{fill:none;stroke:#c4320a;stroke-width:1.6;stroke-dasharray:5 3}\
.recorded{fill:none;stroke:#7a2e0e;stroke-width:1.8;stroke-dasharray:1.5 2.5}\
.vote{fill:none;stroke-width:1.3;opacity:.9}";

/// Draws it.
pub fn draw(figures: &Figures, frames: &[Frame]) -> String {
    let mut svg = Svg::new();
    let time = Time::of(figures);
    let top = head(&mut svg, figures);
    let mut rows = Rows {
        figures,
        time: &time,
        svg,
        y: top,
    };
    rows.frames(frames);
    rows.sentences();
    rows.stops();
    rows.presence();
    for action in 0..figures.actions.len() {
        rows.action(action);
    }
    rows.weighing();
    let Rows { mut svg, y, .. } = rows;
    let height = foot(&mut svg, figures, &time, y);
    // The paper lies under everything, and its height is only known now.
    let mut paper = Svg::new();
    let place = Place {
        x: 0.0,
        y: 0.0,
        width: WIDTH,
        height,
    };
    paper.rect("paper", place, None);
    paper.append(svg);
    let title = format!(
        "What moved the robot: {} in {}",
        figures.policy, figures.bag
    );
    paper.finish(WIDTH, height, &title, STYLE)
}

/// Title and legend; returns where it ends.
fn head(svg: &mut Svg, figures: &Figures) -> f64 {
    svg.text("h1", 24.0, 38.0, Anchor::Start, "What moved the robot");
    let samples = figures.samples.len();
    let line = format!(
        "policy {} · {} · {} · {samples} samples, one every {:.0} ms",
        figures.policy,
        figures.bag,
        figures.part,
        figures.step_s * 1e3
    );
    svg.text("sub", 24.0, 60.0, Anchor::Start, &line);
    let mut x = 24.0;
    for (i, name) in figures.modalities.iter().enumerate() {
        let place = Place {
            x,
            y: 76.0,
            width: 14.0,
            height: 14.0,
        };
        svg.rect("area", place, Some(colour(i)));
        let text = format!("{name} {:.0} %", 100.0 * figures.share(i));
        svg.text("name", x + 20.0, 88.0, Anchor::Start, &text);
        x += 20.0 + 8.2 * text.chars().count() as f64 + 20.0;
    }
    let lines = [
        ("own", "this policy's action", true),
        (
            "nothing",
            "without any modality",
            figures.samples.iter().any(|m| m.why.is_some()),
        ),
        (
            "expert",
            "the expert's action",
            figures.samples.iter().any(|m| m.expert.is_some()),
        ),
        (
            "recorded",
            "the recorded command",
            figures.samples.iter().any(|m| m.recorded.is_some()),
        ),
    ];
    for (class, text, _) in lines.into_iter().filter(|(_, _, there)| *there) {
        let path = format!("M{x:.1} 83.0h26");
        svg.path(class, &path, None);
        svg.text("share", x + 32.0, 88.0, Anchor::Start, text);
        x += 32.0 + 6.4 * text.chars().count() as f64 + 22.0;
    }
    108.0
}

/// The axis of time, the notes and how to read the picture; returns where it ends.
fn foot(svg: &mut Svg, figures: &Figures, time: &Time, bottom: f64) -> f64 {
    for (x, second) in time.ticks() {
        svg.line("edge", (x, bottom), (x, bottom + 5.0));
        svg.text("soft", x, bottom + 19.0, Anchor::Middle, &second);
    }
    svg.line("edge", (LEFT, bottom), (RIGHT, bottom));
    let middle = (LEFT + RIGHT) / 2.0;
    svg.text("soft", middle, bottom + 36.0, Anchor::Middle, "seconds");
    let mut y = bottom + 62.0;
    for line in [
        "Areas: contribution of each modality to the action (exact Shapley values), positive if it increases the value, \
         negative if it decreases it. Together they lead from the action",
        "without any modality to the policy's action, before limits. Percentages: share of each modality in the sum of \
         absolute contributions.",
    ] {
        svg.text("sub", 24.0, y, Anchor::Start, line);
        y += 19.0;
    }
    for note in &figures.notes {
        svg.text("note", 24.0, y, Anchor::Start, note);
        y += 18.0;
    }
    y + 8.0
}

#[cfg(test)]
mod tests;
