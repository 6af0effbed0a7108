//! How is a key known again that nobody kept? By a salt, and by what a slow function
//! makes of the key and the salt.
//!
//! It may lie in a file. A vendor's key is long and random, so nobody finds it by trying;
//! where one is not, the rounds make each try slow, and the salt keeps what was tried for
//! one file from counting for another.

use std::num::NonZeroU32;

use ring::{
    pbkdf2::{self, PBKDF2_HMAC_SHA256},
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

use super::Secret;

const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// What a key can be known by, and not be found by.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Proof {
    salt: [u8; 16],
    digest: [u8; 32],
}

impl Proof {
    /// That of a key.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn of(key: &Secret) -> Result<Self, &'static str> {
        let (mut salt, mut digest) = ([0; 16], [0; 32]);
        SystemRandom::new().fill(&mut salt).map_err(|_| "the system gives no random numbers")?;
        pbkdf2::derive(PBKDF2_HMAC_SHA256, ROUNDS, &salt, key.bytes(), &mut digest);
        Ok(Self { salt, digest })
    }

    /// Whether this is the key.
    #[must_use]
    pub fn is_of(&self, key: &Secret) -> bool {
        let Self { salt, digest } = self;
        pbkdf2::verify(PBKDF2_HMAC_SHA256, ROUNDS, salt, key.bytes(), digest).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_again_and_tells_nothing() {
        let [key, other] = ["canary-7f3a", "canary-7f3b"].map(|key| Secret::new(key).unwrap());
        let [one, two] = [(), ()].map(|()| Proof::of(&key).unwrap());
        assert!(one.is_of(&key) && two.is_of(&key) && !one.is_of(&other));
        let [one, two] = [one, two].map(|proof| serde_json::to_string(&proof).unwrap());
        assert!(one != two && !one.contains("canary"), "{one} {two}");
        assert!(serde_json::from_str::<Proof>(&one).unwrap().is_of(&key));
    }
}
