//! How does a remote agent show on whose behalf it calls? By a token; the policy holds only
//! what it is known by.
//!
//! A token is long and random, so nobody finds it by trying, and one round of a digest is
//! enough to keep it from whoever reads the policy.

use std::fmt;

use ring::{
    digest::{SHA256, digest},
    hmac::{HMAC_SHA256, Key, sign, verify},
    rand::{SecureRandom, SystemRandom},
};
use serde::Deserialize;

use crate::hex::hex;

/// So many random bytes a token has.
const RANDOM: usize = 32;

/// A token, which is shown once, to whoever made it.
pub struct Token(String);

impl Token {
    /// A new one. It begins with the mark, so that it is known for one where it should not
    /// be.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn random(mark: &str) -> Result<Self, &'static str> {
        let mut bytes = [0; RANDOM];
        SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gives no random numbers")?;
        Ok(Self(format!("{mark}_{}", hex(bytes))))
    }

    /// The token as it is.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The SHA-256 of a token.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(try_from = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// That of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Whether both are of one token; the time it takes does not tell how much of them is
    /// alike.
    #[must_use]
    pub fn is_that_of(&self, shown: &Self) -> bool {
        let [known, shown] = [self, shown].map(|print| Key::new(HMAC_SHA256, &print.0));
        verify(&known, &[], sign(&shown, &[]).as_ref()).is_ok()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let unread = "expected the SHA-256 of a token, 64 hexadecimal digits";
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unread);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = str::from_utf8(pair).map_err(|_| unread)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| unread)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_sha_256_and_no_other_is() {
        let [one, other] = [(), ()].map(|()| Token::random("mark").unwrap());
        assert!(
            one.text().len() == 69 && one.text().starts_with("mark_") && one.text() != other.text()
        );
        assert_eq!(format!("{one:?}"), "Token");
        let known = Fingerprint::try_from(Fingerprint::of(one.text()).to_string()).unwrap();
        assert!(known.is_that_of(&Fingerprint::of(one.text())));
        assert!(!known.is_that_of(&Fingerprint::of(other.text())));
        assert!(!known.is_that_of(&Fingerprint::of("")));
        // As sha256sum gives it.
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of("abc").to_string(), of_abc);
        for wrong in ["", "ba78", &of_abc.replace('b', "x"), &of_abc.replacen('b', "+", 1)] {
            assert!(Fingerprint::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
