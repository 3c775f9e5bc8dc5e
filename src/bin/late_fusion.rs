//! The tools: record demonstrations, train a policy from them, check what a node would run.

fn main() {}
