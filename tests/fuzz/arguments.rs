//! Command lines.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use late_fusion::config::{
    ENCODER_NAME, EncoderConfig, NODE_NAME, NodeConfig, Overrides, RosArguments, robots, words,
};

use crate::MB;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil, try_out};

/// Words that mean something, and some that mean nothing.
const WORDS: [&str; 40] = [
    "--ros-args",
    "--",
    "-p",
    "--param",
    "policy:=models/policies/tabletop",
    "control_rate_hz:=40.0",
    "late_fusion:stop.behaviour:=zero",
    "action.limits.arm.max:=[1, 2.0, three]",
    "a.b.c:={x: 1}",
    "a:=&x 1",
    "a:='unfinished",
    "a.:=1",
    ".:=1",
    ":a:=1",
    "-r",
    "--remap",
    "__node:=arm",
    "__ns:=/left/deep",
    "late_fusion:__ns:=//a//",
    "__ns:=",
    "__node:=/**/*",
    "rostopic://a:=b",
    "rosservice://~/enable:=/enable",
    "a:b:c:=d:=e",
    "--params-file",
    "/dev/null",
    "config/late_fusion.param.yaml",
    "--log-level",
    "late_fusion:=debug",
    "--log-config-file",
    "-e",
    "/enclave",
    "--enable-rosout-logs",
    "--disable-external-lib-logs",
    "--disable-",
    "",
    " ",
    ":=",
    "{ns}{node}~",
    "a:=-9223372036854775809",
];

/// A line that means something.
const LINE: [usize; 12] = [0, 2, 4, 2, 5, 14, 16, 14, 17, 27, 28, 33];

/// The line with words put in, left out, exchanged and spoilt.
fn line(edits: &[Edit]) -> Vec<OsString> {
    let mut line: Vec<Vec<u8>> = LINE.map(|at| WORDS[at].as_bytes().to_vec()).to_vec();
    for edit in edits {
        let (kind, position, value) = *edit;
        let at = position as usize % line.len().max(1);
        let word = || WORDS[value as usize % WORDS.len()].as_bytes().to_vec();
        match kind % 5 {
            0 if !line.is_empty() => drop(line.remove(at)),
            1 if !line.is_empty() => line[at] = word(),
            2 if !line.is_empty() => {
                line[at] = spoil(line[at].clone(), &[(kind / 5, position / 16, value)]);
            }
            3 => line.insert(at, word().repeat(value as usize / 64 % 400)),
            _ => line.insert(at, word()),
        }
    }
    line.into_iter().map(OsString::from_vec).collect()
}

/// Reads a line as both nodes do; whether there was nothing wrong with it.
fn read(line: Vec<OsString>) -> bool {
    bounded(16 * MB, || {
        let Ok(arguments) = words(line).and_then(RosArguments::parse) else {
            return false;
        };
        let Ok(overrides) = Overrides::read(&arguments) else {
            return false;
        };
        let mut right = true;
        for name in [NODE_NAME, ENCODER_NAME] {
            let node = arguments.node(name);
            assert!(node.to_string().starts_with('/'));
            let _ = robots(&arguments, &overrides, name);
            let given = overrides.of(&node);
            right &= given.is_ok();
            if let Ok(given) = given {
                let _ = EncoderConfig::from_parameters(given.clone());
                let _ = NodeConfig::from_parameters(given);
            }
        }
        right
    })
}

#[test]
fn what_is_spoilt_here_was_right() {
    assert!(read(line(&[])));
}

#[test]
fn no_command_line_panics_or_costs_memory() {
    try_out(2_000, |_, edits| {
        read(line(edits));
    });
}
