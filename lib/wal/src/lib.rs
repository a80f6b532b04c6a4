//! The write-ahead log in the bucket: log, segments, group commit, tail, replay.
