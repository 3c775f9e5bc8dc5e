//! A page to watch a node on: what it sees, is told and does, and why; to instruct it, to stop it, and to have another
//! policy take over. One HTML file, a stream of states, pictures and a few requests, served over HTTP.
//!
//! Whoever can open it can instruct the robot. So it is off unless asked for, for browsers on this machine unless told
//! otherwise, and never open to the network without a token; see `access` for what it asks of every request.

mod access;
mod answers;
mod cameras;
mod connections;
mod node;
mod page;
mod policies;
mod routes;
mod server;
mod states;
mod this_node;

pub use server::Server;
pub use this_node::start;
