//! What was to be done: the sentences of a dataset.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::table::Table;
use crate::files;

/// Their file from v3.0 on, and the one before.
const TABLE: &str = "meta/tasks.parquet";
const LINES: &str = "meta/tasks.jsonl";

/// The columns in which the sentences are, by whether pandas was given a name for them.
const SENTENCES: [&str; 2] = ["task", "__index_level_0__"];

/// So many sentences a dataset may have.
const MOST: usize = 1_000_000;

/// Sentences by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks(BTreeMap<i64, String>);

#[derive(Deserialize)]
struct Line {
    task_index: i64,
    task: String,
}

impl Tasks {
    /// Of the dataset in this folder; none where it has no such file.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn read(root: &Path, is_v3: bool) -> Result<Self, String> {
        let name = if is_v3 { TABLE } else { LINES };
        let path = root.join(name);
        if !path.exists() {
            return Ok(Self::default());
        }
        let tasks = match is_v3 {
            true => from_table(&path)?,
            false => from_lines(&path).map_err(|e| format!("{name}: {e}"))?,
        };
        Ok(Self(tasks))
    }

    /// The sentence of a number.
    pub fn get(&self, number: i64) -> Option<&str> {
        self.0.get(&number).map(String::as_str)
    }
}

fn from_table(path: &Path) -> Result<BTreeMap<i64, String>, String> {
    let mut columns = vec!["task_index"];
    columns.extend(SENTENCES);
    let mut table = Table::open(path, &columns, 1024, 0)?;
    let mut tasks = BTreeMap::new();
    while let Some(row) = table.next_row()? {
        if tasks.len() >= MOST {
            return Err(format!("{TABLE} has more than {MOST} sentences"));
        }
        let sentence = SENTENCES.into_iter().find_map(|name| row.text(name));
        let sentence = sentence.ok_or_else(|| format!("{TABLE} has no column of sentences"))?;
        tasks.insert(row.number("task_index")? as i64, sentence.to_owned());
    }
    Ok(tasks)
}

fn from_lines(path: &Path) -> Result<BTreeMap<i64, String>, String> {
    let text = files::read_text(path).map_err(|e| e.to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let Line { task_index, task } =
                serde_json::from_str(line).map_err(|e| e.to_string())?;
            Ok((task_index, task))
        })
        .collect()
}
