//! The action that would stop the robot now, left by the control thread for whoever has to stop it instead.

/// The control thread's end: written with every command, before it leaves.
pub type StopActionWriter = triple_buffer::Input<Vec<f64>>;

/// The supervisor's end.
pub type StopActionReader = triple_buffer::Output<Vec<f64>>;

/// The two ends of a slot for the newest stop action of so many numbers. Neither end ever waits for the other or sees half
/// an action, wherever the other end is stopped. Before anything is written its numbers are not finite.
pub fn stop_action_slot(width: usize) -> (StopActionWriter, StopActionReader) {
    triple_buffer::triple_buffer(&vec![f64::NAN; width])
}
