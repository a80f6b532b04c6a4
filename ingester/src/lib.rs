//! Owns partitions: tails the WAL, holds heads, answers for recent data.
