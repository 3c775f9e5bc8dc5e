//! Which file imports which: every path of the sources, followed to the file that defines what it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::modules::{self, Module};

/// By file, the files that it imports, each with the names.
type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The circles in crates, given by their root files: files each of which imports every other one, if only through others, with
/// the imports among them.
pub fn circles(repository: &Path, crates: &[&str]) -> Vec<String> {
    let mut modules = Vec::new();
    for root in crates {
        modules::read(&mut modules, repository, root);
    }
    let imports = imports(&modules);
    let reached: BTreeMap<&str, BTreeSet<&str>> = imports
        .keys()
        .map(|file| (file.as_str(), reached_from(&imports, file)))
        .collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let leads_back = |other: &&&str| reached.get(**other).is_some_and(|on| on.contains(file));
        circles.insert(others.iter().filter(leads_back).copied().collect());
    }
    circles.remove(&BTreeSet::new());
    let described = circles.iter().map(|circle| describe(circle, &imports));
    described.collect()
}

fn describe(circle: &BTreeSet<&str>, imports: &Imports) -> String {
    let mut lines = vec![format!("a circle of {} files:", circle.len())];
    for file in circle {
        let among = imports[*file].iter();
        for (other, names) in among.filter(|(other, _)| circle.contains(other.as_str())) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            lines.push(format!(
                "    {file} imports {} of {other}",
                names.join(", ")
            ));
        }
    }
    lines.join("\n")
}

fn reached_from<'a>(imports: &'a Imports, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![file];
    while let Some(file) = waiting.pop() {
        for other in imports.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(other.as_str()) {
                waiting.push(other);
            }
        }
    }
    reached
}

fn imports(modules: &[Module]) -> Imports {
    let mut imports = Imports::new();
    let mut add = |file: &str, owner: &str, name: String| {
        if owner != file {
            let of_file = imports.entry(file.to_owned()).or_default();
            of_file.entry(owner.to_owned()).or_default().insert(name);
        }
    };
    for (at, module) in modules.iter().enumerate() {
        // To pass a name on is no import, unless the code beside it names it too.
        let imported = module.uses.iter().filter(|import| !import.is_public);
        let paths = imported.map(|import| &import.path).chain(&module.paths);
        for path in paths {
            if let Some(Named::Item(owner, name)) = resolve(modules, at, path, 0) {
                add(&module.file, &modules[owner].file, name);
            }
        }
        // Methods of the type of the module around are called there, where no import says so.
        for path in &module.extended {
            match resolve(modules, at, path, 0) {
                Some(Named::Item(owner, name)) if owner == module.parent => {
                    let methods = format!("methods of {name}");
                    add(&modules[owner].file, &module.file, methods);
                }
                _ => {}
            }
        }
    }
    imports
}

enum Named {
    Module(usize),
    /// An item, by the module that defines it.
    Item(usize, String),
}

/// What a path in a module names; nothing where that is another crate's, or a variable.
fn resolve(modules: &[Module], from: usize, path: &[String], steps: usize) -> Option<Named> {
    /// More than any path takes: `use log::log` of another crate would lead to itself for ever.
    const MOST_STEPS: usize = 30;
    let Some((first, rest)) = path.split_first() else {
        return Some(Named::Module(from));
    };
    if steps > MOST_STEPS {
        return None;
    }
    let on = |from: usize, path: &[String]| resolve(modules, from, path, steps + 1);
    let module = &modules[from];
    match first.as_str() {
        "crate" => return on(module.root, rest),
        "super" => return on(module.parent, rest),
        "self" => return on(from, rest),
        _ => {}
    }
    let child = module.children.get(first);
    // A module and a function may have one name; what is more than a module's name is in the module.
    if let (Some(child), [_, ..]) = (child, rest) {
        return on(*child, rest);
    }
    if module.items.contains(first) {
        return Some(Named::Item(from, first.clone()));
    }
    let mut called = module.uses.iter().filter(|import| import.name == *first);
    called
        .find_map(|import| on(from, &[&import.path, rest].concat()))
        .or_else(|| child.map(|child| Named::Module(*child)))
        .or_else(|| {
            let mut all = module.uses.iter().filter(|import| import.name.is_empty());
            all.find_map(|import| match on(from, &import.path)? {
                Named::Module(other) if other != from => on(other, path),
                _ => None,
            })
        })
}

#[test]
fn an_import_is_followed_to_the_file_that_defines_the_item() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("src/room")).unwrap();
    for (name, text) in [
        ("lib.rs", "mod room;"),
        (
            "room/mod.rs",
            "mod all; mod door; mod key; mod lock; pub use door::Door; pub use all::*;",
        ),
        ("room/all.rs", "pub use super::lock::Lock;"),
        ("room/door.rs", "use super::Lock; pub struct Door(Lock);"),
        (
            "room/lock.rs",
            "pub struct Lock; fn f() { vec![1, g(crate::room::Door::new())]; } use super::key as k; fn h(_: k::Key) {}",
        ),
        (
            "room/key.rs",
            "pub struct Key; #[cfg(test)] mod tests { use crate::room::Door; }",
        ),
    ] {
        fs::write(folder.path().join("src").join(name), text).unwrap();
    }
    let expected = "a circle of 2 files:\n    \
                    src/room/door.rs imports Lock of src/room/lock.rs\n    \
                    src/room/lock.rs imports Door of src/room/door.rs";
    assert_eq!(circles(folder.path(), &["src/lib.rs"]), [expected]);
}
