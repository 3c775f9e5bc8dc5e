//! Numbers in messages of any type, by field paths: the definition of the type says where they are.

mod defined_type;
mod definitions;
mod layout;
mod path;
mod reader;
mod writer;

pub use defined_type::DefinedType;
pub use definitions::Definitions;
pub use layout::Layout;
pub use path::{Path, is_path};
pub use reader::FieldReader;
pub use writer::{Laid, Place, write_stamp};

#[cfg(test)]
mod tests;
