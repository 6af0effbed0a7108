//! `twochat call` at a shell: flags, JSON, help, forms of output, completions.
