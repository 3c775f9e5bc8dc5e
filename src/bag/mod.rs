//! Recordings: MCAP files and databases of sqlite3 as ROS 2 writes them, readable also when cut off, and datasets of
//! LeRobot.
//!
//! Written, as MCAP, by `recording`: a folder with `metadata.yaml` (`information`), the files in it by `writer`. To read:
//! `find` turns what a user names into recordings of one or more files (`metadata`, `split`), `storage` opens a file as what
//! it is (a database in `sqlite`, a dataset in `lerobot`), `layout` notes where its chunks are and which times they span,
//! and `records` gives the messages in the order of their times.

mod block;
mod blocks;
mod channels;
mod chunk;
mod contents;
mod episodes;
mod file_name;
mod files;
mod find;
mod information;
mod input;
mod layout;
#[cfg(feature = "train")]
mod lerobot;
mod marker;
mod metadata;
mod outcome;
mod qos;
mod reader;
mod record;
mod recording;
mod records;
mod split;
mod sqlite;
mod storage;
mod writer;

pub use contents::{Contents, same_topic};
pub use episodes::{Episodes, Marked, Step};
pub use files::Bag;
pub use find::find;
pub use layout::Layout;
pub use marker::Marker;
pub use qos::OfferedQos;
pub use reader::{Reader, Topic};
pub use record::{Place, Record, RecordView};
pub use recording::{Recording, SplitLimits, TopicDescription};
pub use records::Records;
pub use writer::{Summary, TopicId, Writer};

#[cfg(test)]
mod folder_tests;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod recording_tests;
#[cfg(test)]
mod sqlite_tests;
#[cfg(test)]
mod tests;
