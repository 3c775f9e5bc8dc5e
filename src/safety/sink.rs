//! Where commands go.

/// Takes serialized commands to the robot. Sending must not wait, and not allocate on our side.
pub trait CommandSink: Send + 'static {
    /// Sends a message on the command topic of this number; false where it could not be sent.
    fn send(&mut self, topic: usize, message: &[u8]) -> bool;
}
