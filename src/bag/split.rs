//! Recordings that were split in files, where no `metadata.yaml` says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::Bag;
use super::layout::Layout;

/// The longest pause between two files of one recording. Who ends a recording and begins another takes longer.
const LONGEST_PAUSE_NS: i128 = 3_000_000_000;

/// How far the next file may reach back into the one before: a recorder that writes behind its back mixes a little.
const LONGEST_OVERLAP_NS: i128 = 1_000_000_000;

/// Joins files of one folder that are one recording: `NAME_0.mcap`, `NAME_1.mcap`, … (or `.db3`) with numbers that follow one
/// another, of which each begins where the one before ends.
pub(super) fn join(files: Vec<PathBuf>) -> Vec<Bag> {
    let mut numbered: BTreeMap<(PathBuf, String), Vec<(u64, PathBuf)>> = BTreeMap::new();
    let mut bags = Vec::new();
    for file in files {
        match name_and_number(&file) {
            Some((name, number)) => numbered.entry(name).or_default().push((number, file)),
            None => bags.push(Bag::single(file)),
        }
    }
    for (_, mut files) in numbered {
        files.sort();
        let mut group: Vec<Part> = Vec::new();
        for (number, path) in files {
            let part = Part::new(number, path);
            if let Some(before) = group.last()
                && !before.goes_on_in(&part)
            {
                bags.push(bag(&mut group));
            }
            group.push(part);
        }
        bags.push(bag(&mut group));
    }
    bags.sort_by(|a, b| a.path().cmp(b.path()));
    bags
}

struct Part {
    number: u64,
    path: PathBuf,
    times: Option<(u64, u64)>,
}

impl Part {
    fn new(number: u64, path: PathBuf) -> Self {
        // What is wrong with a file is said when it is read.
        let layout = Layout::of(&Bag::single(path.clone()));
        Self {
            number,
            path,
            times: layout.ok().and_then(|layout| layout.times()),
        }
    }

    fn goes_on_in(&self, next: &Self) -> bool {
        let (Some(own), Some(others)) = (self.times, next.times) else {
            return false;
        };
        let pause = i128::from(others.0) - i128::from(own.1);
        self.number.checked_add(1) == Some(next.number)
            && (-LONGEST_OVERLAP_NS..=LONGEST_PAUSE_NS).contains(&pause)
            && others.0 >= own.0
            && others.1 >= own.1
    }
}

fn bag(group: &mut Vec<Part>) -> Bag {
    let files: Vec<PathBuf> = std::mem::take(group)
        .into_iter()
        .map(|part| part.path)
        .collect();
    match &files[..] {
        [first, .., last] => {
            let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
            let note = format!(
                "{} to {} are read as one recording: their numbers follow one another, and each begins where the one \
                 before ends",
                name(first),
                name(last)
            );
            Bag::of_files(first.clone(), files, vec![note])
        }
        _ => Bag::single(files.into_iter().next().unwrap_or_default()),
    }
}

/// `folder/bag_12.mcap` → `folder`, `bag` and the ending, and 12.
fn name_and_number(path: &Path) -> Option<((PathBuf, String), u64)> {
    let name = path.file_name()?.to_str()?;
    let (stem, ending) = [".mcap", ".db3"]
        .iter()
        .find_map(|ending| Some(name.split_at(name.find(ending)?)))?;
    let (prefix, number) = stem.rsplit_once('_')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| number.parse().ok())??;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Some(((folder, format!("{prefix}{ending}")), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_in_its_number() {
        let of = |path: &str| name_and_number(Path::new(path)).map(|((_, name), n)| (name, n));
        assert_eq!(of("a/bag_12.mcap"), Some(("bag.mcap".into(), 12)));
        assert_eq!(
            of("a/my_bag_0.mcap.zstd"),
            Some(("my_bag.mcap.zstd".into(), 0))
        );
        assert_eq!(of("a/my_bag_3.db3"), Some(("my_bag.db3".into(), 3)));
        for other in [
            "a/bag.mcap",
            "a/bag_.mcap",
            "a/bag_x.mcap",
            "a/2026-11-22_14-05-09.mcap",
            "a/bag_+1.mcap",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
