//! giaoban
fn main() {}
