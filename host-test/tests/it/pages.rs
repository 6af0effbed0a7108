//! `--all`: every contact once, whatever happens meanwhile.
