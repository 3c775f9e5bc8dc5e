//! What became of what was asked of the kernel, as the status and the log tell it.

use crate::realtime::Setting;

/// What is in force of what was asked of the kernel.
pub fn setting_values(settings: &[Setting]) -> Vec<(String, String)> {
    let each = settings.iter();
    each.map(|setting| {
        let refused = match setting.refusal {
            Some(_) => " (refused; the log says why)",
            None => "",
        };
        let value = format!("{}{refused}", setting.in_force);
        (setting.parameter.to_owned(), value)
    })
    .collect()
}

/// The parameters that were refused, for a message that people read.
pub fn refused_settings(settings: &[Setting]) -> Option<String> {
    let refused: Vec<&str> = settings
        .iter()
        .filter(|setting| setting.refusal.is_some())
        .map(|setting| setting.parameter)
        .collect();
    (!refused.is_empty()).then(|| format!("refused: {}", refused.join(", ")))
}

/// Logs what became of what was asked of the kernel.
pub fn log_settings(settings: &[Setting]) {
    for setting in settings.iter().filter(|setting| setting.is_asked) {
        match &setting.refusal {
            Some(why) => log::warn!("{why}"),
            None => log::info!("{}: {}", setting.parameter, setting.in_force),
        }
    }
}
