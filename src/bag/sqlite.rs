//! Recordings that rosbag2 stored with sqlite3, its default until ROS 2 Iron.
//!
//! A stretch of rows becomes a block of the records that an MCAP file has outside of its chunks, so that everything
//! above reads one kind of recording.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use mcap::records::op;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};

use super::block::{Block, MAX_BLOCKS};
use super::chunk::{Chunk, FRAME, MAX_MESSAGE_BYTES, MESSAGE_HEADER, append, append_topic};

/// Rows are read together up to so many bytes.
const STRETCH_BYTES: u64 = 1 << 20;

/// A recording's file, open for reading.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    /// The schemas and channels of its topics as records of MCAP.
    topics: Vec<u8>,
    /// The number of each topic among them, by its id in the table `topics`.
    numbers: HashMap<i64, u16>,
}

impl Database {
    /// Opens a file that begins as a database does.
    ///
    /// # Errors
    /// In words, what keeps it from being read, and tables that are not those of rosbag2.
    pub fn open(path: &Path) -> Result<Self, String> {
        let connection = connect(path)?;
        let mut database = Self {
            connection,
            topics: Vec::new(),
            numbers: HashMap::new(),
        };
        if !database.has_table("topics")? || !database.has_table("messages")? {
            return Err(
                "it is a database without the tables topics and messages, so it is not a rosbag2 recording".to_owned(),
            );
        }
        database.learn_topics()?;
        Ok(database)
    }

    /// Notes the topics, each with a schema of its own.
    fn learn_topics(&mut self) -> Result<(), String> {
        let definitions = self.definitions()?;
        let query = "SELECT id, name, type, serialization_format FROM topics ORDER BY id";
        let mut statement = self.connection.prepare(query).map_err(told)?;
        let mut rows = statement.query([]).map_err(told)?;
        while let Some(row) = rows.next().map_err(told)? {
            let id: i64 = row.get(0).map_err(told)?;
            let [name, type_name, serialization]: [String; 3] = [
                row.get(1).map_err(told)?,
                row.get(2).map_err(told)?,
                row.get(3).map_err(told)?,
            ];
            let number = self.numbers.len() as u16;
            let nothing = (String::new(), String::new());
            let (encoding, definition) = definitions.get(&type_name).unwrap_or(&nothing);
            append_topic(
                &mut self.topics,
                number,
                &name,
                &serialization,
                (&type_name, encoding, definition),
            )?;
            self.numbers.insert(id, number);
        }
        Ok(())
    }

    /// How the definition of each type is written, and the definition; recordings before ROS 2 Iron have none.
    fn definitions(&self) -> Result<HashMap<String, (String, String)>, String> {
        let mut definitions = HashMap::new();
        if !self.has_table("message_definitions")? {
            return Ok(definitions);
        }
        let query =
            "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions";
        let mut statement = self.connection.prepare(query).map_err(told)?;
        let mut rows = statement.query([]).map_err(told)?;
        while let Some(row) = rows.next().map_err(told)? {
            let encoding = row.get(1).map_err(told)?;
            let definition = row.get(2).map_err(told)?;
            definitions.insert(row.get(0).map_err(told)?, (encoding, definition));
        }
        Ok(definitions)
    }

    /// Lists the blocks: one with the topics, and one for each stretch of rows.
    ///
    /// # Errors
    /// With the id of the row after which it happened, what is wrong with the file. The blocks before are there.
    pub fn list(&self, file: u32, blocks: &mut Vec<Block>) -> Result<(), (u64, String)> {
        let block = |offset: u64| Block {
            file,
            offset,
            length: 0,
            is_chunk: false,
            is_cut: false,
            times: None,
        };
        blocks.push(block(0));
        let mut at = 0;
        let mut stretch: Option<(Block, u64)> = None;
        let ended = self.each_row(|id, time, bytes| {
            at = id as u64;
            if blocks.len() >= MAX_BLOCKS {
                return Err(format!("it has more than {MAX_BLOCKS} blocks"));
            }
            let row_bytes = (FRAME + MESSAGE_HEADER) as u64 + bytes;
            if (stretch.as_ref()).is_some_and(|(_, before)| before + row_bytes > STRETCH_BYTES) {
                blocks.extend(stretch.take().map(|(block, _)| block));
            }
            let (block, so_far) = stretch.get_or_insert((block(id as u64), 0));
            block.length += 1;
            *so_far += row_bytes;
            let (first, last) = block.times.unwrap_or((time, time));
            block.times = Some((first.min(time), last.max(time)));
            Ok(())
        });
        blocks.extend(stretch.map(|(block, _)| block));
        ended.map_err(|what| (at, what))
    }

    /// Calls `see` with the id, the time and the size of every message.
    fn each_row(
        &self,
        mut see: impl FnMut(i64, u64, u64) -> Result<(), String>,
    ) -> Result<(), String> {
        let query = "SELECT id, timestamp, length(data) FROM messages ORDER BY id";
        let mut statement = self.connection.prepare(query).map_err(told)?;
        let mut rows = statement.query([]).map_err(told)?;
        while let Some(row) = rows.next().map_err(told)? {
            let bytes: i64 = row.get(2).map_err(told)?;
            see(
                row.get(0).map_err(told)?,
                time_of(row, 1)?,
                bytes.unsigned_abs(),
            )?;
        }
        Ok(())
    }

    /// The records of a block.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(&mut self, block: &Block, room: Vec<u8>) -> io::Result<Chunk> {
        let mut chunk = Chunk::within(room);
        match block.times {
            None => chunk.records.extend_from_slice(&self.topics),
            Some(_) => {
                chunk.damage = self
                    .append_rows(block.offset as i64, block.length, &mut chunk.records)
                    .err();
            }
        }
        chunk.crc = crc32fast::hash(&chunk.records);
        Ok(chunk)
    }

    fn append_rows(&self, first: i64, rows: u64, records: &mut Vec<u8>) -> Result<(), String> {
        let query =
            "SELECT topic_id, timestamp, data FROM messages WHERE id >= ? ORDER BY id LIMIT ?";
        let mut statement = self.connection.prepare(query).map_err(told)?;
        let mut found = statement.query((first, rows as i64)).map_err(told)?;
        let mut count = 0;
        while let Some(row) = found.next().map_err(told)? {
            let topic: i64 = row.get(0).map_err(told)?;
            let number = self.numbers.get(&topic).ok_or_else(|| {
                format!("a message belongs to topic {topic}, which the bag does not have")
            })?;
            let time = time_of(row, 1)?.to_le_bytes();
            let data = row.get_ref(2).map_err(told)?;
            let data = data
                .as_bytes()
                .map_err(|_| "a message has no bytes".to_owned())?;
            let sequence = [0; 4];
            let header = [&number.to_le_bytes()[..], &sequence, &time, &time];
            append(records, op::MESSAGE, &[&header.concat(), data]);
            count += 1;
        }
        match count == rows {
            true => Ok(()),
            false => Err("messages are gone".to_owned()),
        }
    }

    /// Whether there is a table of that name which holds what was written into it.
    fn has_table(&self, name: &str) -> Result<bool, String> {
        let query = "SELECT type, sql FROM sqlite_schema WHERE name = ?";
        let mut statement = self.connection.prepare(query).map_err(told)?;
        let mut rows = statement.query([name]).map_err(told)?;
        let Some(row) = rows.next().map_err(told)? else {
            return Ok(false);
        };
        let kind: String = row.get(0).map_err(told)?;
        let made: Option<String> = row.get(1).map_err(told)?;
        let words = made.unwrap_or_default().to_ascii_uppercase();
        match kind == "table" && words.split_whitespace().take(2).eq(["CREATE", "TABLE"]) {
            true => Ok(true),
            // A view and a virtual table run what their maker wrote.
            false => Err(format!(
                "{name} is not a plain table in it, as rosbag2 makes it"
            )),
        }
    }
}

/// Opens a database that nobody else writes.
fn connect(path: &Path) -> Result<Connection, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(told)?;
    let connection = match connection.query_row(
        "SELECT count(*) FROM sqlite_schema",
        [],
        |_| Ok(()),
    ) {
        // What a recorder had half written has to be taken back first, which is writing.
        Err(e) if cannot_write(&e) => match unfinished(path) {
            Some(beside) => {
                return Err(format!(
                    "its recorder was killed while writing ({} is left next to it); `sqlite3 {} .tables` repairs it",
                    beside.display(),
                    path.display()
                ));
            }
            None => {
                let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(immutable(path), flags).map_err(told)?
            }
        },
        Err(e) => return Err(told(e)),
        Ok(()) => connection,
    };
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
        .and_then(|_| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false))
        .and_then(|_| {
            let most = i32::try_from(MAX_MESSAGE_BYTES).unwrap_or(i32::MAX);
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most)
        })
        .map_err(told)?;
    Ok(connection)
}

fn cannot_write(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure)
    )
}

/// The journal beside a database that was not closed.
fn unfinished(path: &Path) -> Option<PathBuf> {
    ["-wal", "-journal"].into_iter().find_map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        let beside = PathBuf::from(name);
        let has_content = (beside.metadata()).is_ok_and(|data| data.is_file() && data.len() > 0);
        has_content.then_some(beside)
    })
}

/// The address of a database that is read as it lies there.
fn immutable(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let path: String = bytes
        .map(|byte| match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02x}"),
        })
        .collect();
    format!("file:{path}?immutable=1")
}

/// When a message was recorded, in nanoseconds.
fn time_of(row: &Row, column: usize) -> Result<u64, String> {
    let time: i64 = row.get(column).map_err(told)?;
    u64::try_from(time).map_err(|_| format!("a message has the time {time}, before 1970"))
}

fn told(error: rusqlite::Error) -> String {
    format!("sqlite3 says: {error}")
}
