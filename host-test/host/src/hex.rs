//! How are bytes written as text? As two digits each.

/// The bytes in hexadecimal digits, small letters.
#[must_use]
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
