//! The object store behind one handle: URLs, chains of numbered objects, a durable local directory, a fake that misbehaves.
