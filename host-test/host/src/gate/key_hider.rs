//! A reply without the key, should its server repeat it: the guest is not to
//! read there what it may not hold.
//!
//! Hides the key as it is, also where it comes in pieces. A server that repeats
//! it in another form gives it away, to whoever is asked for a reply.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem::Finder;

use crate::secret::Secret;

/// What stands in the place of each byte, so that lengths stay true.
const STAR: u8 = b'*';

/// Hides one key in what passes.
pub(super) struct KeyHider {
    key: Finder<'static>,
    /// The key as it stands in the name of a header.
    lowercase: Finder<'static>,
    /// The end of what came, where it may be the beginning of the key.
    held: BytesMut,
}

impl KeyHider {
    pub(super) fn of(key: &Secret) -> Self {
        let lowercase = Finder::new(&key.bytes().to_ascii_lowercase()).into_owned();
        Self { key: Finder::new(key.bytes()).into_owned(), lowercase, held: BytesMut::new() }
    }

    /// What may be seen now of the bytes so far.
    pub(super) fn pass(&mut self, bytes: Bytes) -> Bytes {
        let begins = self.begins(&bytes);
        if self.held.is_empty() && begins == 0 && self.key.find(&bytes).is_none() {
            return bytes;
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(&bytes);
        self.hide(&mut all);
        let seen = all.len() - self.begins(&all);
        self.held = all.split_off(seen);
        all.freeze()
    }

    /// What is left at the end.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        Some(std::mem::take(&mut self.held).freeze()).filter(|rest| !rest.is_empty())
    }

    pub(super) fn holds_some(&self) -> bool {
        !self.held.is_empty()
    }

    pub(super) fn pass_headers(&self, headers: &mut HeaderMap) {
        let shows_it = |name: &HeaderName| self.lowercase.find(name.as_str().as_bytes()).is_some();
        let shown: Vec<_> = headers.keys().filter(|name| shows_it(name)).cloned().collect();
        for name in shown {
            headers.remove(name);
        }
        for value in headers.values_mut() {
            if self.key.find(value.as_bytes()).is_some() {
                let mut bytes = value.as_bytes().to_owned();
                self.hide(&mut bytes);
                // Stars can stand in a header.
                *value = HeaderValue::from_bytes(&bytes)
                    .unwrap_or_else(|_| HeaderValue::from_static("*"));
            }
        }
    }

    fn hide(&self, bytes: &mut [u8]) {
        let mut from = 0;
        while let Some(found) = bytes.get(from..).and_then(|rest| self.key.find(rest)) {
            let end = from + found + self.key.needle().len();
            if let Some(key) = bytes.get_mut(from + found..end) {
                key.fill(STAR);
            }
            from = end;
        }
    }

    /// So many bytes at the end are a beginning of the key.
    fn begins(&self, bytes: &[u8]) -> usize {
        let key = self.key.needle();
        let longest = bytes.len().min(key.len().saturating_sub(1));
        let is_start = |length: &usize| {
            let end = bytes.get(bytes.len() - length..);
            end.is_some() && end == key.get(..*length)
        };
        (1..=longest).rev().find(is_start).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passed(key: &str, pieces: &[&[u8]]) -> String {
        let mut hider = KeyHider::of(&Secret::new(key).unwrap());
        let mut seen = Vec::new();
        for piece in pieces {
            seen.extend(hider.pass(Bytes::copy_from_slice(piece)));
        }
        seen.extend(hider.rest().unwrap_or_default());
        String::from_utf8(seen).unwrap()
    }

    #[test]
    fn what_may_be_the_key_is_held_until_it_is_known() {
        let mut hider = KeyHider::of(&Secret::new("secret-key").unwrap());
        assert_eq!(hider.pass("a sec".into()), "a ");
        assert!(hider.holds_some());
        assert_eq!(hider.pass("ond s".into()), "second ");
        assert_eq!(hider.pass("ecret-key, se".into()), "**********, ");
        assert_eq!(hider.rest().unwrap(), "se");
        assert!(hider.rest().is_none() && !hider.holds_some());
        // Untouched, it is not even copied.
        let plain = Bytes::from_static(b"nothing of it");
        assert_eq!(hider.pass(plain.clone()).as_ptr(), plain.as_ptr());
    }

    #[test]
    fn a_header_that_is_named_after_the_key_is_left_out() {
        let mut headers = HeaderMap::new();
        headers.append("x-secret-key-y", HeaderValue::from_static("1"));
        headers.append("x", HeaderValue::from_static("2"));
        KeyHider::of(&Secret::new("Secret-Key").unwrap()).pass_headers(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn headers_keep_their_lengths() {
        let mut headers = HeaderMap::new();
        headers.append("x", HeaderValue::from_static("a secret-key and a secret-key"));
        headers.append("x", HeaderValue::from_static("none"));
        KeyHider::of(&Secret::new("secret-key").unwrap()).pass_headers(&mut headers);
        let seen: Vec<_> = headers.get_all("x").iter().collect();
        assert_eq!(seen, ["a ********** and a **********", "none"]);
    }

    proptest! {
        /// Letters of the key alone, cut anywhere.
        #[test]
        fn however_it_is_cut_it_is_hidden(text in "(aab|a|b){0,20}", cuts in prop::collection::vec(0_usize..40, 0..6)) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            let seen = passed("aabaabaab", &pieces);
            prop_assert_eq!(seen, text.replace("aabaabaab", "*********"));
        }
    }
}
