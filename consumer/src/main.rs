//! orderstream
fn main() {}
