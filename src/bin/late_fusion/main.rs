//! The tools: record demonstrations, train a policy from them, check what a node would run, ask why, and see why.

mod check;
mod check_bag;
mod console;
mod convert;
mod explain;
#[cfg(feature = "train")]
mod export;
mod init;
#[cfg(feature = "ros")]
mod init_live;
mod parameters;
mod predict;
#[cfg(feature = "ros")]
mod record;
#[cfg(feature = "ros")]
mod status;
#[cfg(feature = "ros")]
mod trace;
#[cfg(feature = "train")]
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tools for the late_fusion node: from recorded demonstrations to a policy that drives a robot.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    Check(check::Arguments),
    Convert(convert::Arguments),
    Explain(explain::Arguments),
    #[cfg(feature = "train")]
    Export(export::Arguments),
    Init(init::Arguments),
    Predict(predict::Arguments),
    #[cfg(feature = "ros")]
    Record(record::Arguments),
    #[cfg(feature = "ros")]
    Status(status::Arguments),
    #[cfg(feature = "ros")]
    Trace(trace::Arguments),
    #[cfg(feature = "train")]
    Train(train::Arguments),
}

fn main() -> ExitCode {
    console::start();
    let result = match Arguments::parse().tool {
        Tool::Check(arguments) => check::run(arguments),
        Tool::Convert(arguments) => convert::run(arguments),
        Tool::Explain(arguments) => explain::run(arguments),
        #[cfg(feature = "train")]
        Tool::Export(arguments) => export::run(arguments),
        Tool::Init(arguments) => init::run(arguments),
        Tool::Predict(arguments) => predict::run(arguments),
        #[cfg(feature = "ros")]
        Tool::Record(arguments) => record::run(arguments),
        #[cfg(feature = "ros")]
        Tool::Status(arguments) => status::run(arguments),
        #[cfg(feature = "ros")]
        Tool::Trace(arguments) => trace::run(arguments),
        #[cfg(feature = "train")]
        Tool::Train(arguments) => train::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(errors) => {
            eprintln!("late_fusion: failed with these errors:\n{errors}");
            ExitCode::FAILURE
        }
    }
}
