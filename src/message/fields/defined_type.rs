//! Message types that are known by their definition alone.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use super::Layout;
use crate::errors::ConfigErrors;

/// A type of messages whose numbers are found by its definition. Kept as long as the process lives: there are as many as
/// parameter files and recordings name.
pub struct DefinedType {
    name: String,
    definition: String,
    layout: Layout,
}

static KNOWN: Mutex<Vec<&'static DefinedType>> = Mutex::new(Vec::new());

/// More of them in one process are no use of this.
const MOST: usize = 10_000;

impl DefinedType {
    /// The type of this name (`nav_msgs/msg/Odometry`) and definition, as bags embed it.
    ///
    /// # Errors
    /// See [`Layout::parse`].
    pub fn get(name: &str, definition: &str) -> Result<&'static Self, ConfigErrors> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &&&Self| known.name == name && known.definition == definition;
        if let Some(known) = known.iter().find(is_it) {
            return Ok(known);
        }
        if known.len() >= MOST {
            return Err("there are too many message types".to_owned().into());
        }
        let defined: &'static Self = Box::leak(Box::new(Self {
            name: name.to_owned(),
            definition: definition.to_owned(),
            layout: Layout::parse(name, definition)?,
        }));
        known.push(defined);
        Ok(defined)
    }

    /// Its name in ROS.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its definition, with those of all types inside it.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// Where its fields are.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

// One type is one place in memory, but an order by places would be chance.
impl PartialEq for DefinedType {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for DefinedType {}

impl PartialOrd for DefinedType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DefinedType {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, &self.definition).cmp(&(&other.name, &other.definition))
    }
}

impl Hash for DefinedType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for DefinedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
