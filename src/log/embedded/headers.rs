//! Headers of a message as they are stored in the file.

/// As they lie; `None` for none.
pub(super) fn pack_headers(headers: &[(String, Option<Vec<u8>>)]) -> Option<String> {
    let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let packed: Vec<(&str, Option<String>)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_ref().map(hex))).collect();
    // Text alone: serializing it cannot fail.
    (!packed.is_empty()).then(|| serde_json::to_string(&packed).unwrap_or_default())
}

/// Names and values, in order.
pub(super) type Headers = Vec<(String, Option<Vec<u8>>)>;

/// As they were.
///
/// # Errors
/// If what lies there is damaged, in words.
pub(super) fn unpack_headers(text: &str) -> Result<Headers, String> {
    let packed: Vec<(String, Option<String>)> =
        serde_json::from_str(text).map_err(|error| format!("a message has damaged headers: {error}"))?;
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes = |hex: String| {
        let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
        bytes.ok_or_else(|| "a message has damaged headers".to_owned())
    };
    packed.into_iter().map(|(name, value)| Ok((name, value.map(bytes).transpose()?))).collect()
}
