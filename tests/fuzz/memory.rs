//! How much memory a piece of work takes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with an account for each thread: what is held now, and the most that was.
pub struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends frees more after its account is gone.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call is handed on unchanged; the account is plain numbers of this thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as this function was called.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as this function was called.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment both may be there.
        count(size as isize);
        count(-(layout.size() as isize));
        // SAFETY: as this function was called.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as this function was called.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Does the work; fails when this thread held more than `bound` bytes more than before at any time.
pub fn bounded<T>(bound: usize, work: impl FnOnce() -> T) -> T {
    let before = HELD.get();
    MOST.set(before);
    let done = work();
    let most = MOST.get() - before;
    assert!(
        most <= bound as isize,
        "{most} bytes were held at once; {bound} are allowed"
    );
    done
}

#[test]
fn what_is_held_is_counted() {
    bounded(2_000_000, || vec![1_u8; 1_000_000].len() + 1);
    let more = std::panic::catch_unwind(|| bounded(500_000, || vec![1_u8; 1_000_000].len()));
    assert!(more.is_err());
}
