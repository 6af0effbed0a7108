//! The tools that the actions become: their schemas, hints and docs.
