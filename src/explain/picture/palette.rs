//! Colours that people tell apart whose eyes differ (Okabe and Ito 2008, "Color universal design").

const COLOURS: [&str; 7] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442",
];

/// The colour of a modality or voter; after seven they begin anew.
pub fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}
