//! The start check of a bucket.
