//! `report.html`: the report as a page that needs nothing beside itself, with the curves drawn as SVG.

use std::fmt::Write;

use super::report::Report;
use crate::html::escaped;

pub(super) const STYLE: &str = "\
:root{--ink:#1c2430;--soft:#667085;--line:#e4e7ec;--paper:#fff;--first:#2563eb;--second:#ea580c}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#344054;--paper:#141a22;\
--first:#6ea8fe;--second:#fb923c}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:860px;\
margin:2.5em auto;padding:0 1em}h1{font-size:1.6em;margin:0}h2{font-size:1.1em;margin:2em 0 .5em}\
p{color:var(--soft);margin:.3em 0}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.35em .8em .35em 0;border-bottom:1px solid var(--line)}\
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}th{color:var(--soft);font-weight:500}\
svg{width:100%;height:auto}svg text{fill:var(--soft);font:12px system-ui,sans-serif}\
.grid{stroke:var(--line)}.first{stroke:var(--first)}.second{stroke:var(--second)}\
.warning{color:var(--second);font-weight:600}.curve{fill:none;stroke-width:2}.first-bar{fill:var(--first)}.rest-bar{fill:var(--line)}\
.sheet{display:flex;flex-wrap:wrap;gap:10px}figure{margin:0;width:134px}figure img{width:100%;display:block}\
figcaption{color:var(--soft);font-size:11px;line-height:1.35;margin-top:3px}h3{font-size:1em;margin:1em 0 .4em}";

/// The page.
pub fn page(report: &Report) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{name}: training report</title><style>{STYLE}</style></head><body>\n\
         <h1>{name}</h1>\n<p>Trained by late_fusion {version} on {samples} samples of {episodes} episodes, \
         with the seed {seed}.</p>\n",
        name = escaped(&report.policy),
        version = report.late_fusion_version,
        samples = report.split.training.samples,
        episodes = report.split.training.episodes,
        seed = report.training.seed,
    );
    html += "<h2>Loss</h2>\n<p>Mean squared difference between action and label, both standardized; 1 is what \
             always predicting the mean gives.</p>\n";
    html += &loss_curves(report);
    html += "<h2>Error per action</h2>\n";
    html += match report.split.validation.episodes {
        0 => "<p>Root mean square, over the training samples: there is no validation split.</p>\n",
        _ => "<p>Root mean square, over the validation split.</p>\n",
    };
    html += &action_table(report);
    html += "<h2>Modalities</h2>\n<p>Importance of each modality: the factor by which the loss grows when its features \
             are permuted between samples, and its share of the action (absolute exact Shapley \
             values).</p>\n";
    html += &modality_table(report);
    html += &contact_sheet(report);
    html += "<h2>Data</h2>\n";
    html += &data_table(report);
    html += "<h2>Bags</h2>\n";
    html += &bag_table(report);
    html += "</body></html>\n";
    html
}

/// Where the plot lies in its picture, in pixels.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 840.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 300.0;

fn loss_curves(report: &Report) -> String {
    let training: Vec<f64> = report.epochs.iter().map(|e| e.training_loss).collect();
    let validation: Vec<f64> = report
        .epochs
        .iter()
        .filter_map(|e| e.validation_loss)
        .collect();
    let all = || {
        training
            .iter()
            .chain(&validation)
            .filter(|loss| **loss > 0.0)
    };
    let lowest = all().fold(1.0f64, |a, b| a.min(*b)).log10();
    let highest = all().fold(1.0f64, |a, b| a.max(*b)).log10();
    let (floor, ceiling) = ((lowest * 4.0).floor() / 4.0, (highest * 4.0).ceil() / 4.0);
    let span = (ceiling - floor).max(0.25);
    let y = |loss: f64| {
        let part = (loss.max(1e-300).log10() - floor) / span;
        BOTTOM - part.clamp(0.0, 1.0) * (BOTTOM - TOP)
    };
    let count = training.len();
    let x = |epoch: usize| {
        let part = (epoch as f64 - 1.0) / (count as f64 - 1.0).max(1.0);
        LEFT + part * (RIGHT - LEFT)
    };
    let mut svg =
        "<svg viewBox=\"0 0 860 345\" role=\"img\" aria-label=\"loss per epoch\">\n".to_owned();
    for loss in ticks(floor, floor + span) {
        let at = y(loss);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{loss}</text>",
            LEFT - 8.0,
            at + 4.0
        );
    }
    let every = count.div_ceil(10).max(1);
    for epoch in (1..=count).filter(|epoch| *epoch == 1 || epoch % every == 0) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{epoch}</text>",
            x(epoch),
            BOTTOM + 20.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">epoch</text>\
         <text x=\"{LEFT}\" y=\"14\">loss</text>",
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 40.0
    );
    let mut legend = RIGHT;
    for (name, class, losses) in [
        ("validation", "second", &validation),
        ("training", "first", &training),
    ] {
        if losses.is_empty() {
            continue;
        }
        let points: Vec<String> = losses
            .iter()
            .enumerate()
            .map(|(i, loss)| format!("{:.1},{:.1}", x(i + 1), y(*loss)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline class=\"curve {class}\" points=\"{}\"/>\
             <line class=\"curve {class}\" x1=\"{:.0}\" x2=\"{:.0}\" y1=\"10\" y2=\"10\"/>\
             <text x=\"{:.0}\" y=\"14\">{name} {:.4}</text>",
            points.join(" "),
            legend - 150.0,
            legend - 126.0,
            legend - 118.0,
            losses[losses.len() - 1],
        );
        legend -= 170.0;
    }
    svg + "</svg>\n"
}

/// Round numbers between two powers of ten.
fn ticks(floor: f64, ceiling: f64) -> Vec<f64> {
    let (first, last) = (floor.floor() as i32, ceiling.ceil() as i32);
    let inside = |v: &f64| (floor - 1e-9..=ceiling + 1e-9).contains(&v.log10());
    (first..=last)
        // Dividing keeps 0.1 and its like exact, so that they print short.
        .flat_map(|power| {
            [1.0, 2.0, 5.0].map(|digit| match power < 0 {
                true => digit / 10f64.powi(-power),
                false => digit * 10f64.powi(power),
            })
        })
        .filter(inside)
        .collect()
}

fn action_table(report: &Report) -> String {
    let mut html = "<table><tr><th>action</th><th class=\"number\">error</th><th>unit</th>\
                    <th class=\"number\">error of the mean</th><th style=\"width:40%\"></th></tr>\n"
        .to_owned();
    for action in &report.actions {
        let part = (action.rms_error / action.rms_of_mean).min(1.0);
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td class=\"number\">{:.4}</td><td>{}</td><td class=\"number\">{:.4}</td><td>\
             <svg viewBox=\"0 0 300 12\"><rect class=\"rest-bar\" width=\"300\" height=\"12\" rx=\"3\"/>\
             <rect class=\"first-bar\" width=\"{:.0}\" height=\"12\" rx=\"3\"/></svg></td></tr>",
            escaped(&action.name),
            action.rms_error,
            escaped(&action.unit),
            action.rms_of_mean,
            300.0 * part
        );
    }
    html + "</table>\n"
}

fn modality_table(report: &Report) -> String {
    let mut html = String::new();
    for warning in &report.warnings {
        let _ = writeln!(html, "<p class=\"warning\">{}</p>", escaped(warning));
    }
    html += "<table><tr><th>modality</th><th class=\"number\">permuted</th><th class=\"number\">share</th>\
             <th style=\"width:40%\"></th></tr>\n";
    for worth in &report.modalities {
        let sensitivity = worth
            .sensitivity
            .map_or("never changes".to_owned(), |times| format!("× {times:.2}"));
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td class=\"number\">{sensitivity}</td><td class=\"number\">{:.0} %</td><td>\
             <svg viewBox=\"0 0 300 12\"><rect class=\"rest-bar\" width=\"300\" height=\"12\" rx=\"3\"/>\
             <rect class=\"first-bar\" width=\"{:.0}\" height=\"12\" rx=\"3\"/></svg></td></tr>",
            escaped(&worth.name),
            100.0 * worth.share,
            300.0 * worth.share.min(1.0)
        );
    }
    html + "</table>\n"
}

fn contact_sheet(report: &Report) -> String {
    let rows = &report.contact_sheet;
    if rows.is_empty() {
        return String::new();
    }
    let mut html = "<h2>Altered copies</h2>\n<p>For each camera, a recorded picture as its encoder sees it, and augmented \
                    copies of it with the values drawn for them (lengths as fractions of the picture's side).</p>\n"
        .to_owned();
    for row in rows {
        let _ = writeln!(
            html,
            "<h3>{}</h3>\n<div class=\"sheet\">",
            escaped(&row.modality)
        );
        html += &figure(&row.original, &["as recorded".to_owned()]);
        for (i, (words, jpeg)) in row.copies.iter().enumerate() {
            // Few copies would not show the ranges: those beyond are drawn as for another picture.
            let more = (i >= row.learned_from).then(|| "as another picture's".to_owned());
            let words: Vec<String> = more.into_iter().chain(words.iter().cloned()).collect();
            html += &figure(jpeg, &words);
        }
        html += "</div>\n";
    }
    html
}

fn figure(jpeg: &[u8], words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|words| escaped(words)).collect();
    format!(
        "<figure><img alt=\"\" src=\"data:image/jpeg;base64,{}\"><figcaption>{}</figcaption></figure>\n",
        base64::encode(jpeg),
        words.join("<br>")
    )
}

fn data_table(report: &Report) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |name: &str, value: String| rows.push((escaped(name), escaped(&value)));
    let (training, validation) = (&report.split.training, &report.split.validation);
    let side = |side: &super::report::Side| {
        format!("{} samples of {} episodes", side.samples, side.episodes)
    };
    row("training set", side(training));
    row("validation split", side(validation));
    row(
        "labels",
        format!(
            "{}, of which {} became samples",
            report.labels.found, report.labels.samples
        ),
    );
    if report.labels.limited > 0 {
        let text = "values of labels outside their action's limits, clamped to them";
        row("limited", format!("{} {text}", report.labels.limited));
    }
    if let Some(why) = &report.labels.first_unreadable {
        let count = report.labels.unreadable;
        row("unreadable labels", format!("{count}; the first: {why}"));
    }
    for (modality, losses) in &report.skipped {
        row(&format!("labels without {modality}"), losses.to_string());
    }
    let pictures = report.pictures;
    row(
        "pictures",
        format!(
            "{} encoded, {} from the cache",
            pictures.encoded, pictures.cached
        ),
    );
    row("parameters", report.parameters.to_string());
    let seconds = report.seconds;
    row(
        "time",
        format!(
            "{:.1} s reading, {:.1} s features, {:.1} s training",
            seconds.survey, seconds.features, seconds.training
        ),
    );
    if let Some(peak) = report.peak_memory_mb {
        row("memory", format!("{peak} MB at most"));
    }
    let rows = rows
        .iter()
        .map(|(name, value)| format!("<tr><th>{name}</th><td>{value}</td></tr>\n"));
    format!("<table>{}</table>\n", rows.collect::<String>())
}

fn bag_table(report: &Report) -> String {
    let mut html = "<table><tr><th>bag</th><th class=\"number\">succeeded</th><th class=\"number\">failed</th>\
                    <th class=\"number\">unfinished</th><th class=\"number\">used</th></tr>\n"
        .to_owned();
    for bag in &report.bags {
        let cut = bag.truncated.as_ref();
        let cut = cut.map_or(String::new(), |why| {
            format!("<br><small>{}</small>", escaped(why))
        });
        let _ = writeln!(
            html,
            "<tr><td>{}{cut}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            escaped(&bag.path),
            bag.succeeded,
            bag.failed,
            bag.unfinished,
            bag.used
        );
    }
    html + "</table>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(-1.5, 0.0), [0.05, 0.1, 0.2, 0.5, 1.0]);
        assert_eq!(ticks(0.0, 1.0), [1.0, 2.0, 5.0, 10.0]);
    }
}
