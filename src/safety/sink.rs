//! Where commands go.

/// Takes serialized commands to the robot. Sending must not wait, and not allocate on our side.
pub trait CommandSink: Send + 'static {
    /// Sends one command; false where it could not be sent.
    fn send(&mut self, message: &[u8]) -> bool;
}
