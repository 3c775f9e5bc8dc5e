//! Edits of something that is right.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What to do, where, and with which number. Every edit can be applied to everything, so that none is wasted.
pub type Edit = (u8, u32, u64);

/// Tries that many inputs, the same ones every time. What panics is made as small as it can be, and told.
///
/// `LATE_FUSION_FUZZ_SEED` gives other inputs, `LATE_FUSION_FUZZ_TIMES` so many times more of them, and
/// `LATE_FUSION_FUZZ_SECONDS` ends them after that time, however many are left. How many were tried is printed.
pub fn try_out(inputs: u64, work: impl Fn(u8, &[Edit])) {
    try_out_from(0, inputs, work);
}

/// The same without the first ones.
pub fn try_out_from(first: u64, inputs: u64, work: impl Fn(u8, &[Edit])) {
    let begun = Instant::now();
    let seed = set("LATE_FUSION_FUZZ_SEED").unwrap_or(0);
    let inputs = inputs * set("LATE_FUSION_FUZZ_TIMES").unwrap_or(1);
    let time = set("LATE_FUSION_FUZZ_SECONDS").map_or(Duration::MAX, Duration::from_secs);
    let mut rng = StdRng::seed_from_u64(seed);
    listen();
    let panics = |which: u8, edits: &[Edit]| {
        HEARD.set(Some(String::new()));
        let panic = catch_unwind(AssertUnwindSafe(|| work(which, edits))).err();
        let heard = HEARD.take().unwrap_or_default();
        panic.map(|_| heard)
    };
    let (mut tried, mut told) = (0, Duration::ZERO);
    let mut slowest = (Duration::ZERO, 0, Vec::new());
    while tried < inputs && begun.elapsed() < time {
        let which = rng.random();
        let mut edits: Vec<Edit> = (0..rng.random_range(1..=4)).map(|_| rng.random()).collect();
        if tried < first {
            tried += 1;
            continue;
        }
        let started = Instant::now();
        let panicked = panics(which, &edits);
        tried += 1;
        if started.elapsed() > slowest.0 {
            slowest = (started.elapsed(), which, edits.clone());
        }
        if begun.elapsed() - told > Duration::from_secs(60) {
            told = begun.elapsed();
            tell(tried, seed, told, &slowest);
        }
        let Some(mut told_last) = panicked else {
            continue;
        };
        let mut at = 0;
        while at < edits.len() {
            let edit = edits.remove(at);
            match panics(which, &edits) {
                Some(heard) => told_last = heard,
                None => {
                    edits.insert(at, edit);
                    at += 1;
                }
            }
        }
        panic!("input ({which}, {edits:?}) of seed {seed}, the {tried}th: {told_last}");
    }
    tell(tried, seed, begun.elapsed(), &slowest);
}

thread_local! {
    /// What the last panic of an input that is being tried had to say.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From here on the panics of inputs are kept instead of printed: some are caught by what is tried, and each that is
/// printed costs more time and memory than the input.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_tried = HEARD.with_borrow_mut(|heard| {
                if let Some(heard) = heard {
                    *heard = panic.to_string();
                }
                heard.is_some()
            });
            if !is_tried {
                others(panic);
            }
        }));
    });
}

/// A number in the environment.
pub fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How far a target has come, for `--nocapture`.
fn tell(tried: u64, seed: u64, time: Duration, slowest: &(Duration, u8, Vec<Edit>)) {
    let target = std::thread::current().name().unwrap_or_default().to_owned();
    let (slow, which, edits) = slowest;
    println!(
        "{target}: {tried} inputs of seed {seed} in {:.0} s; the slowest took {:.1} ms: ({which}, {edits:?})",
        time.as_secs_f64(),
        slow.as_secs_f64() * 1e3
    );
}

/// Numbers at which lengths, sizes and offsets go wrong.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    0x7f,
    0xff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    u64::MAX,
    0x7ff0_0000_0000_0000, // infinity, as f64
    0x7fc0_0000_7fc0_0000, // not a number, as f32 and as f64
];

/// The number of an edit: an edge, the length of what it is about or one beside it, or any.
fn number(value: u64, length: usize) -> u64 {
    let length = length as u64;
    match value % 4 {
        0 => EDGES[(value >> 2) as usize % EDGES.len()],
        1 => [length, length + 1, length.saturating_sub(1), length / 2][(value >> 2) as usize % 4],
        _ => value >> 2,
    }
}

/// Spoils bytes: single ones, and whole numbers where formats have them.
pub fn spoil(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for &(kind, position, value) in edits {
        let length = bytes.len();
        if length == 0 {
            return bytes;
        }
        let at = position as usize % length;
        match kind % 8 {
            0 => bytes[at] = value as u8,
            1 => bytes[at] ^= 1 << (value % 8),
            2 => put(
                &mut bytes,
                at & !3,
                &(number(value, length) as u32).to_le_bytes(),
            ),
            3 => put(&mut bytes, at, &number(value, length).to_le_bytes()),
            4 => put(
                &mut bytes,
                at,
                &(number(value, length) as u16).to_be_bytes(),
            ),
            5 => bytes.truncate(at),
            6 => {
                let end = (at + value as usize % 64).min(length);
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + value as usize % 64).min(length);
                let again = bytes[at..end].to_vec();
                let to = (value >> 8) as usize % length;
                bytes.splice(to..to, again);
            }
        }
    }
    bytes
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    for (byte, new) in bytes[at..].iter_mut().zip(new) {
        *byte = *new;
    }
}
