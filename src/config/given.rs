//! What was given to one node.

use std::collections::BTreeMap;

use super::Value;

/// The parameters that were given to one node, before any of them is checked.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub(super) values: BTreeMap<String, GivenValue>,
    pub(super) warnings: Vec<String>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct GivenValue {
    /// Its value.
    pub value: Value,
    /// The section that it comes from, where that is for any node and so may hold what is meant for others.
    pub shared_by: Option<String>,
}

impl Given {
    /// The values by their names.
    pub fn into_values(self) -> BTreeMap<String, Value> {
        let values = self.values.into_iter();
        values.map(|(name, given)| (name, given.value)).collect()
    }
}

impl From<BTreeMap<String, Value>> for Given {
    /// Parameters that are meant for this node and no other.
    fn from(values: BTreeMap<String, Value>) -> Self {
        let values = values.into_iter().map(|(name, value)| {
            let given = GivenValue {
                value,
                shared_by: None,
            };
            (name, given)
        });
        Self {
            values: values.collect(),
            warnings: Vec::new(),
        }
    }
}
