//! Whether the node waits for a lifecycle manager.

use super::declaration::Declarations;

/// The parameter `autostart`.
pub fn declare(d: &mut Declarations) -> bool {
    d.bool(
        "autostart",
        true,
        "If true, the node configures and activates itself at start-up and exits if that fails. If false, it stays \
         unconfigured until a lifecycle manager configures it.",
    )
}
