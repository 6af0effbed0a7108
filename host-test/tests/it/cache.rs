//! Compiled components on disk: used when nobody else can have written them.
