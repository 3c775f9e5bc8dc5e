//! The rows of the picture, from top to bottom.

use super::palette::colour;
use super::plot::{Scale, area, round_step, runs, shown, stacked, steps, ticks};
use super::svg::{Anchor, Place, Svg};
use super::time::{LEFT, RIGHT, Time};
use crate::explain::figures::{DecisionKind, Figures, Sample, Weighing, Why};
use crate::explain::replay::{FRAMES, Frame};

/// Where the next row begins.
pub struct Rows<'a> {
    pub figures: &'a Figures,
    pub time: &'a Time,
    pub svg: Svg,
    pub y: f64,
}

/// Heights of what an action shows.
const CONTRIBUTIONS: f64 = 92.0;
const ACTIONS: f64 = 50.0;
const WEIGHTS: f64 = 64.0;

const LABEL: f64 = 24.0;

impl Rows<'_> {
    fn samples(&self) -> &[Sample] {
        &self.figures.samples
    }

    fn title(&mut self, text: &str, y: f64) {
        self.svg.text("name", LABEL, y, Anchor::Start, text);
    }

    /// What the cameras saw, a row for each.
    pub fn frames(&mut self, frames: &[Frame]) {
        let slots = FRAMES.min(self.samples().len()).max(1);
        let slot = (RIGHT - LEFT) / slots as f64;
        for modality in 0..self.figures.modalities.len() {
            let of_camera = || frames.iter().filter(|frame| frame.modality == modality);
            let Some(first) = of_camera().next() else {
                continue;
            };
            let width = (slot - 4.0).min(120.0);
            let height = width * first.picture.height as f64 / first.picture.width as f64;
            let name = self.figures.modalities[modality].clone();
            self.title(&name, self.y + height / 2.0 + 5.0);
            for frame in of_camera() {
                let middle = LEFT + (frame.place as f64 + 0.5) * slot;
                let place = Place {
                    x: middle - width / 2.0,
                    y: self.y,
                    width,
                    height,
                };
                self.svg.jpeg(place, &frame.picture.jpeg);
            }
            self.y += height + 10.0;
        }
    }

    /// What it was told.
    pub fn sentences(&mut self) {
        for modality in 0..self.figures.modalities.len() {
            let sentence = |sample: &Sample| {
                let there = sample.ages_s[modality].is_some();
                sample.sentences[modality].clone().filter(|_| there)
            };
            let said: Vec<Option<String>> = self.samples().iter().map(sentence).collect();
            if said.iter().any(Option::is_some) {
                let name = self.figures.modalities[modality].clone();
                self.spans("span", &name, &said);
            }
        }
    }

    /// Why it stood still.
    pub fn stops(&mut self) {
        let reason = |sample: &Sample| {
            let what = match sample.decision {
                DecisionKind::Wait => "waiting",
                DecisionKind::Act | DecisionKind::Stop => "stopped",
            };
            let stop = sample.stop.as_ref()?;
            Some(format!("{what}: {}", stop.cause))
        };
        let reasons: Vec<Option<String>> = self.samples().iter().map(reason).collect();
        if reasons.iter().any(Option::is_some) {
            self.spans("stop", "did not act", &reasons);
        }
    }

    fn spans(&mut self, class: &str, name: &str, texts: &[Option<String>]) {
        const HEIGHT: f64 = 26.0;
        self.title(name, self.y + HEIGHT / 2.0 + 5.0);
        let mut begin = 0;
        for at in 1..=texts.len() {
            if at < texts.len() && texts[at] == texts[begin] {
                continue;
            }
            if let Some(text) = &texts[begin] {
                let (x, end) = (self.time.edges[begin], self.time.edges[at]);
                let place = Place {
                    x,
                    y: self.y,
                    width: (end - x - 1.5).max(1.0),
                    height: HEIGHT,
                };
                // Beside a span that is too short for its text, where nothing else stands.
                let is_narrow = place.width < 16.0 + 6.8 * text.chars().count() as f64;
                let beside = at == texts.len() || texts[at..].iter().all(Option::is_none);
                if is_narrow && beside && end < RIGHT - 200.0 {
                    self.svg.label(class, place, "");
                    let class = format!("{class}-text");
                    let baseline = self.y + HEIGHT / 2.0 + 4.5;
                    self.svg
                        .text(&class, end + 6.0, baseline, Anchor::Start, text);
                } else {
                    self.svg.label(class, place, text);
                }
            }
            begin = at;
        }
        self.y += HEIGHT + 10.0;
    }

    /// Which modalities were there: gaps where one was absent or too old.
    pub fn presence(&mut self) {
        const BAR: f64 = 6.0;
        let count = self.figures.modalities.len();
        let middle = self.y + count as f64 * (BAR + 3.0) / 2.0 + 3.0;
        self.title("present", middle);
        for modality in 0..count {
            let there = |at: usize| self.figures.samples[at].ages_s[modality].is_some();
            for run in runs(self.figures.samples.len(), there) {
                let (x, end) = (self.time.edges[run.start], self.time.edges[run.end]);
                let place = Place {
                    x,
                    y: self.y,
                    width: end - x,
                    height: BAR,
                };
                self.svg.rect("area", place, Some(colour(modality)));
            }
            self.y += BAR + 3.0;
        }
        self.y += 16.0;
    }

    /// What pushed one number of the action, and what became of it.
    pub fn action(&mut self, action: usize) {
        let figures = self.figures;
        let named = &figures.actions[action];
        self.title(&named.name, self.y + CONTRIBUTIONS / 2.0);
        let below = self.y + CONTRIBUTIONS / 2.0 + 17.0;
        let unit = match named.unit.as_str() {
            "" | "1" => "contributions".to_owned(),
            unit => format!("contributions, {unit}"),
        };
        self.svg.text("soft", LABEL, below, Anchor::Start, &unit);
        self.contributions(action);
        self.y += CONTRIBUTIONS + 8.0;
        let middle = self.y + ACTIONS / 2.0 + 4.0;
        self.svg
            .text("soft", LABEL, middle, Anchor::Start, "action");
        self.numbers(action);
        self.y += ACTIONS + 22.0;
    }

    fn contributions(&mut self, action: usize) {
        let figures = self.figures;
        let stacks: Vec<Option<Vec<(f64, f64)>>> = self
            .samples()
            .iter()
            .map(|sample| {
                let of_each = sample.why.as_ref()?.contributions.iter();
                let values: Vec<f64> = of_each.map(|actions| actions[action]).collect();
                Some(stacked(&values))
            })
            .collect();
        let ends = stacks.iter().flatten().flatten().map(|(_, end)| *end);
        let scale = self.frame(self.y, CONTRIBUTIONS, ends);
        for modality in 0..figures.modalities.len() {
            let heights: Vec<Option<(f64, f64)>> = stacks
                .iter()
                .zip(self.samples())
                .map(|(stack, sample)| {
                    sample.ages_s[modality]?;
                    let (begin, end) = stack.as_ref()?[modality];
                    Some((scale.at(end), scale.at(begin)))
                })
                .collect();
            let path = area(&self.time.edges, &heights);
            self.svg
                .path("area", &path, Some(("fill", colour(modality))));
            let text = format!(
                "{} {:.0} %",
                figures.modalities[modality],
                100.0 * figures.shares[modality][action]
            );
            let y = self.y + 14.0 + 19.0 * modality as f64;
            let place = Place {
                x: RIGHT + 16.0,
                y: y - 9.0,
                width: 10.0,
                height: 10.0,
            };
            self.svg.rect("area", place, Some(colour(modality)));
            self.svg
                .text("share", RIGHT + 32.0, y, Anchor::Start, &text);
        }
        self.svg
            .line("zero", (LEFT, scale.at(0.0)), (RIGHT, scale.at(0.0)));
    }

    fn numbers(&mut self, action: usize) {
        let of = |pick: &dyn Fn(&Sample) -> Option<f64>| -> Vec<Option<f64>> {
            self.samples().iter().map(pick).collect()
        };
        let own = of(&|m| (m.decision != DecisionKind::Wait).then(|| m.command[action]));
        let expert = of(&|m| m.expert.as_ref().map(|e| e[action]));
        let recorded = of(&|m| m.recorded.as_ref().map(|r| r[action]));
        let nothing = of(&|m| m.why.as_ref().map(|w| w.nothing[action]));
        let voters = self.voters();
        let votes: Vec<Vec<Option<f64>>> = (0..voters.len())
            .map(|voter| of(&|m| voted(m, voter).map(|vote| vote.1[action])))
            .collect();
        let all = [&own, &nothing, &expert, &recorded]
            .into_iter()
            .chain(&votes);
        let values: Vec<f64> = all
            .flat_map(|line| line.iter().flatten().copied())
            .collect();
        let scale = self.frame(self.y, ACTIONS, values.into_iter());
        let heights = |line: &[Option<f64>]| -> Vec<Option<f64>> {
            line.iter().map(|v| v.map(|v| scale.at(v))).collect()
        };
        for (voter, line) in votes.iter().enumerate() {
            let path = steps(&self.time.edges, &heights(line));
            self.svg
                .path("vote", &path, Some(("stroke", colour(voter + 3))));
        }
        for (class, line) in [
            ("nothing", &nothing),
            ("recorded", &recorded),
            ("expert", &expert),
            ("own", &own),
        ] {
            let path = steps(&self.time.edges, &heights(line));
            self.svg.path(class, &path, None);
        }
    }

    /// A plot\'s grid, its two ends around zero, and where the node did not act; returns the scale of its values.
    fn frame(&mut self, y: f64, height: f64, values: impl Iterator<Item = f64>) -> Scale {
        let (mut low, mut high) = values.fold((0.0f64, 0.0f64), |(a, b), v| (a.min(v), b.max(v)));
        if high - low < 1e-9 {
            (low, high) = (-1.0, 1.0);
        }
        let step = round_step(high - low, height / 22.0);
        let room = 0.04 * (high - low);
        let scale = Scale::new((low - room, high + room), (y + height, y));
        for (x, _) in self.time.ticks() {
            self.svg.line("grid", (x, y), (x, y + height));
        }
        for value in ticks((low, high), step) {
            let at = scale.at(value);
            self.svg.line("grid", (LEFT, at), (RIGHT, at));
            self.svg.text(
                "soft",
                LEFT - 7.0,
                at + 4.0,
                Anchor::End,
                &shown(value, step),
            );
        }
        let zero = scale.at(0.0);
        self.svg.line("zero", (LEFT, zero), (RIGHT, zero));
        let still = |at: usize| self.figures.samples[at].decision != DecisionKind::Act;
        for run in runs(self.figures.samples.len(), still) {
            let (x, end) = (self.time.edges[run.start], self.time.edges[run.end]);
            let place = Place {
                x,
                y,
                width: end - x,
                height,
            };
            self.svg.rect("halt", place, None);
        }
        scale
    }

    fn voters(&self) -> Vec<String> {
        let weighing = self.samples().iter().find_map(|m| weighing_of(m));
        match weighing {
            Some(Weighing::Votes(votes)) => votes.iter().map(|vote| vote.voter.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// What the fusion trusted, where its method has weights or votes.
    pub fn weighing(&mut self) {
        let Some(weighing) = self.samples().iter().find_map(|m| weighing_of(m)) else {
            return;
        };
        let (title, names, first) = match weighing {
            Weighing::Weights(_) => ("weights", self.figures.modalities.clone(), 0),
            Weighing::Votes(_) => ("votes", self.voters(), 3),
        };
        let parts: Vec<Option<Vec<(f64, f64)>>> = self
            .samples()
            .iter()
            .map(|sample| {
                let weights = weights_of(weighing_of(sample)?);
                let total: f64 = weights.iter().sum();
                let parts = weights
                    .iter()
                    .map(|w| if total > 0.0 { w / total } else { 0.0 });
                Some(stacked(&parts.collect::<Vec<_>>()))
            })
            .collect();
        self.title(title, self.y + WEIGHTS / 2.0 + 5.0);
        let scale = self.frame(self.y, WEIGHTS, [0.0, 1.0].into_iter());
        for (i, name) in names.iter().enumerate() {
            let heights: Vec<Option<(f64, f64)>> = parts
                .iter()
                .map(|stack| {
                    let (begin, end) = stack.as_ref()?[i];
                    Some((scale.at(end), scale.at(begin)))
                })
                .collect();
            let path = area(&self.time.edges, &heights);
            self.svg
                .path("area", &path, Some(("fill", colour(first + i))));
            let y = self.y + 14.0 + 19.0 * i as f64;
            let place = Place {
                x: RIGHT + 16.0,
                y: y - 9.0,
                width: 10.0,
                height: 10.0,
            };
            self.svg.rect("area", place, Some(colour(first + i)));
            self.svg.text("share", RIGHT + 32.0, y, Anchor::Start, name);
        }
        self.y += WEIGHTS + 22.0;
    }
}

fn weighing_of(sample: &Sample) -> Option<&Weighing> {
    sample
        .why
        .as_ref()
        .and_then(|why: &Why| why.fusion.as_ref())
}

fn weights_of(weighing: &Weighing) -> Vec<f64> {
    match weighing {
        Weighing::Weights(weights) => weights.clone(),
        Weighing::Votes(votes) => votes.iter().map(|vote| vote.weight).collect(),
    }
}

/// The weight and the action of a voter that took part.
fn voted(sample: &Sample, voter: usize) -> Option<(f64, &[f64])> {
    match weighing_of(sample)? {
        Weighing::Votes(votes) if votes[voter].weight > 0.0 => {
            Some((votes[voter].weight, &votes[voter].action))
        }
        _ => None,
    }
}
