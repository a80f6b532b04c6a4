//! Takes writes: decodes, validates, shards, appends to the WAL, delivers to owners.
