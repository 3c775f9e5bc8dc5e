//! The doors through which bytes from outside come in, tried with inputs that are nearly right: whole messages, bags,
//! files and pictures with a few things wrong in them. Nothing may panic, and nothing may take more memory than its door
//! allows. See README.md in this folder.

mod bags;
mod cdr;
mod memory;
mod mutate;
mod pictures;
mod yaml;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

const MB: usize = 1 << 20;
