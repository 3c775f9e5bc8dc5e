//! `late_fusion init --live`: the running robot instead of recordings.

use std::time::{Duration, Instant};

use late_fusion::errors::ConfigErrors;
use late_fusion::message::MessageType;
use late_fusion::progress::Progress;
use late_fusion::proposal::Recordings;
use late_fusion::ros::Listener;

/// What was heard, and what of it concerns commands.
pub struct Heard {
    /// What was heard.
    pub recordings: Recordings,
    /// What joint positions are commanded by, where the graph says it.
    pub positions_by: Option<MessageType>,
    /// What one should know of what was not heard.
    pub notes: Vec<String>,
}

/// Listens to the running robot for so many seconds.
///
/// # Errors
/// What ROS says where it cannot start a node or subscribe.
pub fn listen(seconds: u64) -> Result<Heard, ConfigErrors> {
    let mut listener = Listener::start()?;
    eprintln!(
        "listening for {seconds} s. Move the robot through everything it will do, as in demonstrations, and send an \
         instruction; what does not move is considered irrelevant"
    );
    let recordings = Recordings::hear(|take| {
        let begun = Instant::now();
        let progress = Progress::new("listening", seconds);
        let mut messages = 0_u64;
        for second in 1..=seconds {
            while begun.elapsed() < Duration::from_secs(second) {
                listener.step(|record| {
                    messages += 1;
                    take(record);
                })?;
            }
            progress.advance(1, || format!("{messages} messages"));
        }
        progress.finish();
        Ok(())
    })?;
    let unheard = listener.unheard_commands();
    let mut notes: Vec<String> = (unheard.iter())
        .map(|(topic, message)| {
            format!(
                "the robot subscribes to commands on {topic} ({}), but none were published",
                message.ros_name()
            )
        })
        .collect();
    let others: Vec<String> = (listener.others())
        .map(|(topic, message)| format!("{topic} ({message})"))
        .collect();
    if !others.is_empty() {
        notes.push(format!("topics left out: {}", others.join(", ")));
    }
    let mut of_positions = unheard.iter().filter_map(|(_, message)| match message {
        MessageType::JointTrajectory | MessageType::Float64MultiArray => Some(*message),
        _ => None,
    });
    let first = of_positions.next();
    let positions_by = first.filter(|first| of_positions.all(|other| other == *first));
    Ok(Heard {
        recordings,
        positions_by,
        notes,
    })
}
