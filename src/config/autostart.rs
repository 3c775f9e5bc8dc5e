//! Whether the node waits for a lifecycle manager.

use super::declaration::Declarations;

/// The parameter `autostart`.
pub fn declare(d: &mut Declarations) -> bool {
    d.bool(
        "autostart",
        true,
        "Whether the node configures and activates itself when it starts, and ends where it cannot. Where not, it waits, \
         unconfigured, for a lifecycle manager.",
    )
}
