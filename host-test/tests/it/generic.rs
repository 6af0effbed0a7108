//! A second component, of every type that WIT has: the host knows none by name.
