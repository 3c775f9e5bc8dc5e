//! Recordings: MCAP files as ROS 2 writes them, readable by its tools and ours, also when cut off.

mod chunk;
mod contents;
mod definitions;
mod find;
mod marker;
mod reader;
mod writer;

pub use contents::{Contents, same_topic};
pub use definitions::Definitions;
pub use find::find;
pub use marker::Marker;
pub use reader::{Reader, Record, Records, Topic};
pub use writer::{Summary, TopicId, Writer};

#[cfg(test)]
mod tests;
