//! How is memory handed out? By a pointer that moves.
//!
//! A call is short and is given back whole with its instance, so of what is freed in
//! between only the largest hole is remembered: what a reply came in, which is used
//! again for the next part of it. The last block grows, shrinks and is given back in
//! place, and once nothing is live all begins anew. The usual allocator would be a
//! twentieth of the file and an eighth of the work.
//!
//! Where the blocks lie is decided by `Places`, which knows numbers alone and is
//! tested natively.

#![allow(unsafe_code, reason = "an allocator is unsafe by its contract")]

/// Where blocks lie in memory, as numbers.
#[derive(Debug)]
struct Places {
    /// Where the first block may begin; 0 until it is known.
    start: usize,
    /// Where the next block may begin.
    next: usize,
    /// Where memory ends.
    end: usize,
    /// How many blocks are live.
    live: usize,
    /// A place between blocks that is free, from here to there.
    hole: (usize, usize),
}

/// No hole: nothing fits into it but what has no size.
const NONE: (usize, usize) = (1, 1);

impl Places {
    const fn new() -> Self {
        Self { start: 0, next: 0, end: 0, live: 0, hole: NONE }
    }

    /// A place for a block, or none where no memory is left. `grow` makes memory
    /// reach at least so far, and gives its new end.
    #[inline(always)]
    fn take(
        &mut self,
        size: usize,
        align: usize,
        grow: &mut dyn FnMut(usize) -> Option<usize>,
    ) -> Option<usize> {
        let aligned = |place: usize| Some(place.checked_add(align - 1)? & !(align - 1));
        // Most are larger than what is left of it.
        if size <= self.hole.1 - self.hole.0 {
            let block = aligned(self.hole.0)?;
            let until = block.checked_add(size)?;
            if until <= self.hole.1 {
                self.hole.0 = until;
                self.live += 1;
                return Some(block);
            }
        }
        let block = aligned(self.next)?;
        self.reach(block.checked_add(size)?, grow)?;
        self.live += 1;
        Some(block)
    }

    /// Whether a block could get another size where it lies.
    fn resize(
        &mut self,
        block: usize,
        size: usize,
        wanted: usize,
        grow: &mut dyn FnMut(usize) -> Option<usize>,
    ) -> bool {
        let is_last = block + size == self.next;
        match block.checked_add(wanted) {
            Some(until) if is_last => self.reach(until, grow).is_some(),
            _ => wanted <= size,
        }
    }

    fn give_back(&mut self, block: usize, size: usize) {
        if block + size == self.next {
            self.next = block;
        } else if size > self.hole.1 - self.hole.0 {
            self.hole = (block, block + size);
        }
        self.live -= 1;
        if self.live == 0 {
            self.next = self.start;
            self.hole = NONE;
        }
    }

    #[inline(always)]
    fn reach(&mut self, until: usize, grow: &mut dyn FnMut(usize) -> Option<usize>) -> Option<()> {
        if until > self.end {
            self.extend(until, grow)?;
        }
        self.next = until;
        Some(())
    }

    /// Apart, so that what happens for each block needs no stack.
    #[cold]
    #[inline(never)]
    fn extend(&mut self, until: usize, grow: &mut dyn FnMut(usize) -> Option<usize>) -> Option<()> {
        self.end = grow(until)?;
        Some(())
    }
}

#[cfg(target_family = "wasm")]
mod wasm {
    use core::{
        alloc::{GlobalAlloc, Layout},
        arch::wasm32::{memory_grow, memory_size},
        cell::UnsafeCell,
        ptr,
    };

    use super::Places;

    const PAGE: usize = 64 * 1024;

    unsafe extern "C" {
        /// Where the linker's own data ends: all behind it is free.
        #[link_name = "__heap_base"]
        static HEAP_BASE: u8;
    }

    struct Memory(UnsafeCell<Places>);

    // SAFETY: an instance has one thread, and no function here calls another that
    // allocates, so nobody else looks at the places meanwhile.
    unsafe impl Sync for Memory {}

    #[global_allocator]
    static MEMORY: Memory = Memory(UnsafeCell::new(Places::new()));

    /// Grows memory to at least so many bytes.
    fn grow(until: usize) -> Option<usize> {
        let end = memory_size(0) * PAGE;
        if until > end {
            let pages = (until - end).div_ceil(PAGE);
            if memory_grow(0, pages) == usize::MAX {
                return None;
            }
        }
        Some(memory_size(0) * PAGE)
    }

    impl Memory {
        #[expect(clippy::mut_from_ref, reason = "see why it is Sync")]
        fn places(&self) -> &mut Places {
            // SAFETY: see `Sync` above; no reference outlives the call that takes it.
            let places = unsafe { &mut *self.0.get() };
            if places.start == 0 {
                places.start = (&raw const HEAP_BASE).addr();
                places.next = places.start;
            }
            places
        }
    }

    // Never inlined: every drop would be larger.
    // SAFETY: `Places` gives no byte to two live blocks: a block begins where the
    // last one ended, and that end goes back only over a block that is given back or
    // when none is live. It lies in memory that was grown for it, and is aligned.
    unsafe impl GlobalAlloc for Memory {
        #[inline(never)]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let place = self.places().take(layout.size(), layout.align(), &mut grow);
            place.map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
        }

        #[inline(never)]
        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            self.places().give_back(block.addr(), layout.size());
        }

        #[inline(never)]
        unsafe fn realloc(&self, block: *mut u8, layout: Layout, wanted: usize) -> *mut u8 {
            if self.places().resize(block.addr(), layout.size(), wanted, &mut grow) {
                return block;
            }
            let Some(place) = self.places().take(wanted, layout.align(), &mut grow) else {
                return ptr::null_mut();
            };
            let moved = ptr::with_exposed_provenance_mut(place);
            // SAFETY: both blocks are live, so they do not overlap, and a block that
            // could not stay where it was is smaller than what was wanted.
            unsafe { ptr::copy_nonoverlapping(block, moved, layout.size()) };
            self.places().give_back(block.addr(), layout.size());
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: usize = 1024;
    const LIMIT: usize = 1 << 20;

    fn places() -> Places {
        Places { start: START, next: START, end: START, live: 0, hole: NONE }
    }

    /// Memory that grows by pages to a limit.
    fn grow(until: usize) -> Option<usize> {
        (until <= LIMIT).then(|| until.next_multiple_of(4096))
    }

    #[test]
    fn blocks_follow_each_other_aligned_and_all_begins_anew_when_none_is_live() {
        let mut places = places();
        assert_eq!(places.take(3, 1, &mut grow), Some(1024));
        assert_eq!(places.take(8, 8, &mut grow), Some(1032));
        assert_eq!(places.take(2, 1, &mut grow), Some(1040));
        places.give_back(1032, 8);
        places.give_back(1040, 2);
        assert_eq!(places.next, 1040);
        places.give_back(1024, 3);
        assert_eq!((places.live, places.next), (0, START));
    }

    #[test]
    fn the_largest_hole_is_used_again_before_memory_grows() {
        let mut places = places();
        for size in [3, 40, 20, 1] {
            places.take(size, 1, &mut grow).unwrap();
        }
        places.give_back(1067, 20);
        places.give_back(1027, 40);
        places.give_back(1024, 3);
        assert_eq!(places.take(8, 8, &mut grow), Some(1032), "aligned within the hole");
        assert_eq!(places.take(28, 1, &mut grow), Some(1088), "what is left of it is smaller");
        assert_eq!(places.take(27, 1, &mut grow), Some(1040), "all that is left of it");
        assert_eq!(places.take(1, 1, &mut grow), Some(1116));
        for (block, size) in [(1032, 8), (1040, 27), (1087, 1), (1088, 28), (1116, 1)] {
            places.give_back(block, size);
        }
        assert_eq!((places.live, places.next, places.hole), (0, START, NONE));
    }

    #[test]
    fn only_the_last_block_grows_where_it_lies_and_any_shrinks() {
        let mut places = places();
        let first = places.take(10, 1, &mut grow).unwrap();
        let last = places.take(10, 1, &mut grow).unwrap();
        assert!(places.resize(last, 10, 5000, &mut grow));
        assert_eq!(places.next, last + 5000);
        assert!(!places.resize(first, 10, 11, &mut grow));
        assert!(places.resize(first, 10, 4, &mut grow));
        assert_eq!(places.next, last + 5000, "what stands behind it stays");
        assert!(places.resize(last, 5000, 5, &mut grow));
        assert_eq!(places.next, last + 5);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_all_as_it_was() {
        let mut places = places();
        let block = places.take(10, 1, &mut grow).unwrap();
        for size in [LIMIT, usize::MAX, usize::MAX - START, isize::MAX as usize] {
            assert_eq!(places.take(size, 8, &mut grow), None, "{size}");
            assert!(!places.resize(block, 10, size, &mut grow), "{size}");
        }
        assert_eq!((places.next, places.live), (block + 10, 1));
    }

    proptest! {
        /// Live blocks never share a byte, and each is aligned.
        #[test]
        fn no_byte_is_given_twice(
            steps in prop::collection::vec((0_u8..4, 0_usize..300, 0_u32..5), 0..80),
        ) {
            let mut places = places();
            let mut live: Vec<(usize, usize)> = Vec::new();
            for (what, size, align) in steps {
                let align = 1 << align;
                match what {
                    0 | 1 => {
                        let block = places.take(size, align, &mut grow).unwrap();
                        prop_assert_eq!(block % align, 0);
                        live.push((block, size));
                    }
                    2 if !live.is_empty() => {
                        let (block, old) = live.remove(size % live.len());
                        places.give_back(block, old);
                    }
                    3 if !live.is_empty() => {
                        let index = align % live.len();
                        let (block, old) = live[index];
                        if places.resize(block, old, size, &mut grow) {
                            live[index].1 = size;
                        }
                    }
                    _ => {}
                }
                let mut blocks: Vec<_> = live.iter().filter(|(_, size)| *size > 0).collect();
                blocks.sort();
                for pair in blocks.windows(2) {
                    prop_assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{:?}", pair);
                }
                prop_assert_eq!(places.live, live.len());
                prop_assert!(places.next <= places.end);
            }
        }
    }
}
