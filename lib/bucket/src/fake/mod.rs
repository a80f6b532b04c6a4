//! A store that misbehaves on a seed.
