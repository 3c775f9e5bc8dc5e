//! Numbers in messages of any type, by field paths: the definition of the type says where they are.

mod defined_type;
mod definitions;
mod elements;
mod idl;
mod layout;
mod path;
mod plan;
mod reader;
mod type_name;
mod writer;

pub use defined_type::DefinedType;
pub use definitions::Definitions;
pub use idl::msg_of_idl;
pub use layout::Layout;
pub use path::{Path, is_path};
pub use reader::FieldReader;
pub use type_name::TypeName;
pub use writer::{Laid, Place, write_stamp};

#[cfg(test)]
mod tests;
