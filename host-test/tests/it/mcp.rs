//! `twochat mcp` as an agent meets it, and as somebody who sends nonsense does.
