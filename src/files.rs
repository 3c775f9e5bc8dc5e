//! Reading files that somebody else made: regular ones, and not more of them than there can be use for.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The largest text that people write which is read: 16 MiB.
pub const MOST_TEXT: u64 = 16 << 20;

/// Opens a file. A pipe would be waited for, and a device may have no end.
///
/// # Errors
/// What the file system says, and what is neither a file nor a folder.
pub fn open(path: &Path) -> io::Result<File> {
    let kind = path.metadata()?.file_type();
    // A folder says itself that it is one.
    if !(kind.is_file() || kind.is_dir()) {
        return Err(io::Error::other(
            "it is a pipe, a socket or a device; a regular file is needed",
        ));
    }
    File::open(path)
}

/// The content of a file of at most `most` bytes.
///
/// # Errors
/// As for [`open`], and a file that is larger.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    let mut content = Vec::new();
    if length <= most {
        content.try_reserve_exact(length as usize)?;
        // One more, should it grow meanwhile.
        file.take(most + 1).read_to_end(&mut content)?;
    }
    match length.max(content.len() as u64) {
        length if length > most => Err(io::Error::other(format!(
            "it has {length} bytes; at most {most} are allowed"
        ))),
        _ => Ok(content),
    }
}

/// The text in a file of at most [`MOST_TEXT`] bytes.
///
/// # Errors
/// As for [`read`], and a file that is no UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let content = read(path, MOST_TEXT)?;
    String::from_utf8(content).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_bytes_as_allowed_are_read_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert_eq!(read_text(&path).unwrap(), "four");
        let text = read(&path, 3).unwrap_err().to_string();
        assert!(text.contains("4 bytes") && text.contains("3"), "{text}");
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read_text(&path).is_err());
        // A length that is only claimed costs nothing.
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(1 << 40))
            .unwrap();
        assert!(read_text(&path).unwrap_err().to_string().contains("bytes"));
    }

    #[test]
    fn what_has_no_end_or_nobody_writes_to_is_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let name = std::ffi::CString::new(pipe.as_os_str().as_encoded_bytes()).unwrap();
        // SAFETY: the name ends in a zero byte and is not kept.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [pipe, link, "/dev/zero".into()] {
            let text = read(&path, 1 << 40).unwrap_err().to_string();
            assert!(text.contains("regular file"), "{text}");
        }
        assert!(read(folder.path(), 1 << 20).is_err(), "a folder");
        assert!(read(&folder.path().join("none"), 1).is_err(), "no file");
    }
}
