//! The pictures of a video, one after the other, decoded by ffmpeg in a process of its own.
//!
//! ffmpeg knows every codec that LeRobot writes (AV1, H.264, HEVC). It waits while nobody reads, so that no more than a
//! picture is in memory. Its filter `fps` gives each moment the picture nearest to it, as LeRobot itself takes it.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::message::MAX_MEGAPIXELS;

/// The program, from the search path.
const PROGRAM: &str = "ffmpeg";

/// So many pictures are rather decoded and left out than begun anew behind them.
const LEAVES_OUT: u64 = 300;

/// The longest line before the pixels of a picture.
const LONGEST_LINE: u64 = 32;

/// The most that is listened to of what ffmpeg complains of.
const MOST_WORDS: u64 = 2048;

/// A video that is being decoded.
pub(super) struct Decoder {
    path: PathBuf,
    child: Child,
    pictures: BufReader<ChildStdout>,
    /// The number of the picture that comes next.
    next: u64,
    /// The one that came last.
    last: Picture,
}

/// A decoded picture.
#[derive(Default)]
pub(super) struct Picture {
    pub width: u32,
    pub height: u32,
    /// Red, green and blue of every pixel, row after row.
    pub pixels: Vec<u8>,
}

impl Decoder {
    /// Begins to decode a video at a picture, counted from 0 at so many per second.
    ///
    /// # Errors
    /// In words, that ffmpeg cannot be started.
    pub fn start(path: &Path, fps: f64, from: u64) -> Result<Self, String> {
        let mut command = Command::new(PROGRAM);
        command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-xerror"]);
        if from > 0 {
            // Between two pictures, so that rounding cannot decide which is first.
            let seek_s = (from as f64 - 0.25) / fps;
            command.args(["-ss", &format!("{seek_s:.6}")]);
        }
        // No list of other files, and no network, whatever the file says that it is.
        command.args(["-protocol_whitelist", "file", "-f", "mp4", "-i"]);
        let mut input = std::ffi::OsString::from("file:");
        input.push(path);
        command.arg(input);
        command.args(["-map", "0:v:0", "-vf", &format!("fps=fps={fps}:round=near")]);
        command.args([
            "-f",
            "image2pipe",
            "-c:v",
            "ppm",
            "-pix_fmt",
            "rgb24",
            "pipe:1",
        ]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => format!(
                "{} is a video, and {PROGRAM}, which decodes videos, is not installed \
                 (Debian and Ubuntu: sudo apt install ffmpeg)",
                path.display()
            ),
            _ => format!("{PROGRAM} cannot be started: {e}"),
        })?;
        let pictures = child.stdout.take().ok_or("ffmpeg has no output")?;
        Ok(Self {
            path: path.to_owned(),
            child,
            pictures: BufReader::with_capacity(1 << 18, pictures),
            next: from,
            last: Picture::default(),
        })
    }

    /// Whether a picture is best reached by going on.
    pub fn can_reach(&self, path: &Path, frame: u64) -> bool {
        // The one that came last is still there.
        let first = match self.last.pixels.is_empty() {
            true => self.next,
            false => self.next - 1,
        };
        self.path == path && (first..=self.next + LEAVES_OUT).contains(&frame)
    }

    /// The picture of a number that can be reached.
    ///
    /// # Errors
    /// In words, that the video ends before it, or cannot be decoded.
    pub fn frame(&mut self, frame: u64) -> Result<&Picture, String> {
        while self.next <= frame {
            if let Err(e) = self.last.read(&mut self.pictures) {
                // So that nothing is taken for the picture that should be here.
                self.last.pixels.clear();
                return Err(self.problem(frame, &e));
            }
            self.next += 1;
        }
        Ok(&self.last)
    }

    fn problem(&mut self, frame: u64, error: &io::Error) -> String {
        let _ = self.child.kill();
        let mut words = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            // What cannot be read is not told.
            let _ = stderr.take(MOST_WORDS).read_to_string(&mut words);
        }
        let why = match (words.trim(), error.kind()) {
            ("", io::ErrorKind::UnexpectedEof) => "the video ends before it".to_owned(),
            ("", _) => error.to_string(),
            (words, _) => format!("{PROGRAM} says: {}", words.replace('\n', "; ")),
        };
        let path = self.path.display();
        format!("picture {frame} of the video {path} cannot be decoded: {why}")
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Picture {
    /// Reads a picture as PPM, which is its size and its pixels.
    fn read(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        let wrong = || io::Error::other("the output is not a picture");
        let mut line = || -> io::Result<String> {
            let mut line = String::new();
            input.take(LONGEST_LINE).read_line(&mut line)?;
            match line.ends_with('\n') {
                true => Ok(line),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        };
        if line()? != "P6\n" {
            return Err(wrong());
        }
        let size = line()?;
        let (width, height) = size.trim().split_once(' ').ok_or_else(wrong)?;
        let (width, height) = (width.parse::<u32>(), height.parse::<u32>());
        let (width, height) = width.ok().zip(height.ok()).ok_or_else(wrong)?;
        let pixels = u64::from(width) * u64::from(height);
        if line()? != "255\n" || !(1..=MAX_MEGAPIXELS * 1_000_000).contains(&pixels) {
            return Err(io::Error::other(format!(
                "it has {width} × {height} pixels; 1 × 1 to {MAX_MEGAPIXELS} megapixels are allowed"
            )));
        }
        self.pixels.resize(3 * pixels as usize, 0);
        (self.width, self.height) = (width, height);
        input.read_exact(&mut self.pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_brings_its_size_and_one_that_is_cut_off_is_none() {
        let bytes = b"P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06";
        let mut picture = Picture::default();
        picture.read(&mut &bytes[..]).unwrap();
        assert_eq!((picture.width, picture.height), (2, 1));
        assert_eq!(picture.pixels, [1, 2, 3, 4, 5, 6]);
        for cut in 0..bytes.len() {
            assert!(picture.read(&mut &bytes[..cut]).is_err(), "{cut}");
        }
        for wrong in ["P5\n2 1\n255\n", "P6\n0 1\n255\n", "P6\n99999 99999\n255\n"] {
            assert!(picture.read(&mut wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
