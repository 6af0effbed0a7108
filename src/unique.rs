//! Which contacts of a page come again?
//!
//! Whatever an answer holds, the work grows little faster than its rows.

use crate::contract::Contact;

/// Each contact once, where it came first.
pub(crate) fn unique(mut rows: Vec<Contact>) -> Vec<Contact> {
    // While nothing stands behind it, what is too much of it is given back.
    rows.shrink_to_fit();
    // A mark of the uuid, which tells nearly all apart, and behind it the index.
    let marked = |(index, row): (u64, &Contact)| mark(&row.uuid) << INDEX_BITS | index;
    let mut order: Vec<_> = (0..).zip(&rows).map(marked).collect();
    let index = |marked: u64| (marked & ((1 << INDEX_BITS) - 1)) as usize;
    let uuid = |marked: u64| rows.get(index(marked)).map(|row| row.uuid.as_str());
    heap_sort(&mut order, &|a, b| (uuid(a), a) < (uuid(b), b));
    let mut again: Vec<_> = rows.iter().map(|_| false).collect();
    for pair in order.windows(2) {
        if let [a, b] = *pair
            && is_like(a, b)
            && uuid(a) == uuid(b)
            && let Some(again) = again.get_mut(index(b))
        {
            *again = true;
        }
    }
    let mut again = again.into_iter();
    rows.retain(|_| again.next() != Some(true));
    rows
}

/// More rows than that have no room in an answer.
const INDEX_BITS: u32 = 24;

#[inline(always)]
fn is_like(a: u64, b: u64) -> bool {
    (a ^ b) >> INDEX_BITS == 0
}

/// Sorts in place; `less` is asked where marks are alike. The sorts of the standard
/// library are a tenth of the component, and a tree costs more for a page than this.
fn heap_sort(items: &mut [u64], less: &dyn Fn(u64, u64) -> bool) {
    let less = |a, b| if is_like(a, b) { less(a, b) } else { a < b };
    // First all parents find their place, the last first, and then, of what is left,
    // the last item that of the largest, which takes its own.
    let (mut parents, mut rest) = (items.len() / 2, items);
    while let [first, .., last] = rest {
        let item = if parents > 0 {
            parents -= 1;
            rest.get(parents).copied().unwrap_or(0)
        } else {
            let item = core::mem::replace(last, *first);
            let length = rest.len() - 1;
            rest = rest.get_mut(..length).unwrap_or_default();
            item
        };
        let mut at = parents;
        loop {
            let mut down = at * 2 + 1;
            let child = match rest.get(down..) {
                Some([left, right, ..]) if less(*left, *right) => {
                    down += 1;
                    *right
                }
                Some([left, ..]) => *left,
                _ => break,
            };
            if !less(item, child) {
                break;
            }
            put(rest, at, child);
            at = down;
        }
        put(rest, at, item);
    }
}

#[inline(always)]
fn put(items: &mut [u64], at: usize, item: u64) {
    if let Some(place) = items.get_mut(at) {
        *place = item;
    }
}

/// A number that tells nearly all texts apart.
fn mark(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let with =
        |mark: u64, word: u64| (mark.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mark = words.iter().fold(0, |mark, word| with(mark, u64::from_le_bytes(*word)));
    rest.iter().fold(mark, |mark, byte| with(mark, u64::from(*byte)))
}
