//! The heap of the C library, which ONNX Runtime lives on as well.

/// Gives back to the system what was freed and is kept for the next who asks. Opening a model takes several times its size for a
/// moment; without this the process would seem to need it for ever.
#[cfg(target_env = "gnu")]
pub fn trim() {
    // SAFETY: it takes the heap's own locks, and touches nothing that is in use (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries keep little, and have no word for it.
#[cfg(not(target_env = "gnu"))]
pub fn trim() {}
