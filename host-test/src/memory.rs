//! How is memory asked of the system? By a call in few large steps.

/// Bytes that are asked for at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const STEP: i32 = 1 << 20;

/// Takes memory for all threads from one place, in large steps, before there are threads.
///
/// Else the allocator has a place for each thread, which grows by a page or a few with a
/// system call for each time: over a hundred until a call has ended.
pub(crate) fn in_large_steps() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "two numbers are set, while nobody else asks for memory")]
    // SAFETY: it may be called at any time, with any number.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TOP_PAD, STEP);
    }
}
