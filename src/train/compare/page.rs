//! `comparison.html`: the comparison as a page that needs nothing beside itself.

use std::fmt::Write;

use super::comparison::{Comparison, Row};
use crate::html::escaped;
use crate::train::measure::INDIFFERENT;
use crate::train::page::STYLE;

/// Colours of modalities, readable on light and dark, also for those who see few colours (Okabe and Ito).
const COLOURS: [&str; 8] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999",
];

const LEFT: f64 = 190.0;
const RIGHT: f64 = 840.0;
const LINE: f64 = 24.0;

/// The page.
pub fn page(comparison: &Comparison) -> String {
    let seeds = comparison.rows.first().map_or(0, |row| row.runs.len());
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{task}: fusion methods compared</title><style>{STYLE}</style></head><body>\n\
         <h1>{task}: fusion methods compared</h1>\n<p>late_fusion {version}, {seeds} seeds of {epochs} epochs each; \
         {training} training samples, {validation} validation samples.</p>\n",
        task = escaped(&comparison.task),
        version = comparison.late_fusion_version,
        epochs = comparison.epochs,
        training = comparison.training_samples,
        validation = comparison.validation_samples,
    );
    html += "<h2>Loss</h2>\n<p>Mean squared difference between action and label, both standardized; 1 is what always \
             predicting the mean gives. The line shows the range over the seeds. The loss is a poor predictor of success: \
             evaluate the best policies on the robot as well.</p>\n";
    html += &losses(comparison);
    html += "<h2>Shares in the action</h2>\n<p>Each modality's share of the absolute contributions (exact Shapley \
             values).</p>\n";
    html += &shares(comparison);
    html += "<h2>Importance of each modality</h2>\n<p>Factor by which the loss grows when a modality's features \
             are permuted between samples. At 1, the dashed line, the policy ignores the modality.</p>\n";
    html += &sensitivities(comparison);
    html += &warnings(comparison);
    html += "<h2>Rows</h2>\n<table><tr><th>row</th><th>description</th><th class=\"number\">parameters</th>\
             <th class=\"number\">loss</th><th class=\"number\">seconds</th></tr>\n";
    for row in &comparison.rows {
        let ([_, loss, _], [_, seconds, _]) = (row.spread(|r| r.loss), row.spread(|r| r.seconds));
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{loss:.4}</td>\
             <td class=\"number\">{seconds:.0}</td></tr>",
            escaped(&row.name),
            escaped(&row.what),
            row.parameters
        );
    }
    html + "</table></body></html>\n"
}

/// One line per row, with its name at the left; `draw` gives what is at its right, for the middle of the line.
fn chart(comparison: &Comparison, what: &str, draw: impl Fn(&Row, f64) -> String) -> String {
    let height = comparison.rows.len() as f64 * LINE + 8.0;
    let mut svg =
        format!("<svg viewBox=\"0 0 860 {height:.0}\" role=\"img\" aria-label=\"{what}\">\n");
    for (i, row) in comparison.rows.iter().enumerate() {
        let y = (i as f64 + 0.5) * LINE + 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>{}",
            LEFT - 10.0,
            y + 4.0,
            escaped(&row.name),
            draw(row, y)
        );
    }
    svg + "</svg>\n"
}

fn losses(comparison: &Comparison) -> String {
    let most = comparison.rows.iter().map(|row| row.spread(|r| r.loss)[2]);
    let most = most.fold(f64::MIN_POSITIVE, f64::max);
    let x = |loss: f64| LEFT + loss / most * (RIGHT - LEFT - 70.0);
    chart(comparison, "loss per method", |row, y| {
        let [least, mean, largest] = row.spread(|run| run.loss);
        format!(
            "<rect class=\"first-bar\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\" rx=\"3\"/>\
             <line class=\"curve second\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{mean:.4}</text>",
            y - 7.0,
            x(mean) - LEFT,
            x(least),
            x(largest),
            x(largest) + 8.0,
            y + 4.0
        )
    })
}

fn shares(comparison: &Comparison) -> String {
    let modalities = comparison.modalities();
    legend(&modalities)
        + &chart(comparison, "shares in the action", |row, y| {
            let mut start = LEFT;
            let mut bars = String::new();
            for (i, name) in modalities.iter().enumerate() {
                let Some((_, share)) = row.worth(name) else {
                    continue;
                };
                let width = share * (RIGHT - LEFT);
                let _ = write!(
                    bars,
                    "<rect fill=\"{}\" x=\"{start:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\">\
                     <title>{}: {:.1} %</title></rect>",
                    COLOURS[i % COLOURS.len()],
                    y - 7.0,
                    escaped(name),
                    100.0 * share
                );
                start += width;
            }
            bars
        })
}

fn sensitivities(comparison: &Comparison) -> String {
    let modalities = comparison.modalities();
    let all = comparison.rows.iter().flat_map(|row| {
        let each = modalities.iter().filter_map(|name| row.worth(name)?.0);
        each.collect::<Vec<f64>>()
    });
    let most = all.fold(2.0f64, f64::max).ln();
    let x = |times: f64| LEFT + times.max(1.0).ln() / most * (RIGHT - LEFT - 20.0);
    legend(&modalities)
        + &chart(comparison, "importance of each modality", |row, y| {
            let mut dots = format!(
                "<line class=\"grid\" stroke-dasharray=\"4 3\" x1=\"{LEFT}\" x2=\"{LEFT}\" y1=\"{:.1}\" \
                 y2=\"{:.1}\"/>",
                y - LINE / 2.0,
                y + LINE / 2.0
            );
            for (i, name) in modalities.iter().enumerate() {
                let Some((Some(times), _)) = row.worth(name) else {
                    continue;
                };
                let ring = if times < INDIFFERENT {
                    " stroke=\"red\" stroke-width=\"2\""
                } else {
                    ""
                };
                let _ = write!(
                    dots,
                    "<circle fill=\"{}\"{ring} cx=\"{:.1}\" cy=\"{y:.1}\" r=\"6\"><title>{}: × {times:.2}</title></circle>",
                    COLOURS[i % COLOURS.len()],
                    x(times),
                    escaped(name)
                );
            }
            dots
        })
}

fn legend(modalities: &[&str]) -> String {
    let each = modalities.iter().enumerate().map(|(i, name)| {
        let colour = COLOURS[i % COLOURS.len()];
        format!("<span style=\"color:{colour}\">■</span> {} ", escaped(name))
    });
    format!("<p>{}</p>\n", each.collect::<String>())
}

fn warnings(comparison: &Comparison) -> String {
    let mut html = String::new();
    for row in &comparison.rows {
        for run in &row.runs {
            for warning in &run.warnings {
                let (name, warning) = (escaped(&row.name), escaped(warning));
                let _ = writeln!(
                    html,
                    "<p class=\"warning\">{name}, seed {}: {warning}</p>",
                    run.seed
                );
            }
        }
    }
    html
}
