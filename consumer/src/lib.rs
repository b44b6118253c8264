//! orderstream
