//! What is wrong with a jpeg.

/// What keeps it from being whole, in words for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum Damage {
    #[error("its end marker is missing")]
    NoEnd,
    #[error("its header contradicts itself: {0}")]
    Header(&'static str),
    #[error("the data of scan {scan} ends after {found} of its {all} blocks")]
    Short {
        scan: usize,
        found: usize,
        all: usize,
    },
    #[error("the data of scan {scan} goes on for {bytes} bytes after block {found} of {all}")]
    Long {
        scan: usize,
        bytes: usize,
        found: usize,
        all: usize,
    },
    #[error("block {found} of {all} in scan {scan} is not a code of the picture's tables")]
    Code {
        scan: usize,
        found: usize,
        all: usize,
    },
    #[error("restart marker {marker} is missing after block {found} of {all} in scan {scan}")]
    Restart {
        scan: usize,
        marker: u8,
        found: usize,
        all: usize,
    },
    #[error("scan {scan} goes on behind its last block")]
    Beyond { scan: usize },
    #[error("scans are missing: component {component} was not sent in full")]
    Unsent { component: usize },
}
