//! The doors through which bytes from outside come in, tried with inputs that are nearly right: whole messages, bags,
//! files and pictures with a few things wrong in them. Nothing may panic, and nothing may take more memory than its door
//! allows. See README.md in this folder.

mod arguments;
mod bags;
#[cfg(feature = "train")]
mod cache;
mod cdr;
mod databases;
#[cfg(feature = "train")]
mod datasets;
mod definitions;
mod document;
mod folders;
mod memory;
mod messages;
mod models;
mod mutate;
mod pictures;
mod policies;
mod tokenizers;
mod yaml;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

const MB: usize = 1 << 20;
